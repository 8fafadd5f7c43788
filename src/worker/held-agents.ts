/** What of agents only a process can hold: tools and scripts. Others may come while runs go on. */
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { createModels } from '../adapters/models/model-registry.ts';
import type { ModelsConfig } from '../adapters/models/model-registry.ts';
import type { ModelPort } from '../adapters/models/model-port.ts';
import { toolDefinition } from '../adapters/tools/tool-definition.ts';
import type { Tool } from '../adapters/tools/tool.ts';
import { allAgents } from './all-agents.ts';

export interface HeldAgents {
  /** By definition digest. Those that agents no longer have stay: runs have pinned them. */
  readonly tools: ReadonlyMap<string, Tool>;
  readonly resolveModel: (model: string) => ModelPort | undefined;
  /** A tool that is declared as before is the same tool, with the code of now. */
  add(agents: readonly AgentSource[]): void;
}

export const holdAgents = (initial: readonly AgentSource[], config: ModelsConfig): HeldAgents => {
  const tools = new Map<string, Tool>();
  const scripts: Record<string, ModelPort> = {};
  const providers: Record<string, ModelPort> = {};
  let models = createModels({ config });
  const add = (given: readonly AgentSource[]): void => {
    const agents = allAgents(given);
    for (const tool of agents.flatMap((agent) => agent.tools)) tools.set(toolDefinition(tool).definitionDigest, tool);
    Object.assign(scripts, ...agents.map((one) => one.scripts));
    Object.assign(providers, ...agents.map((one) => one.providers));
    models = createModels({ config, scripts, providers });
  };
  add(initial);
  return { tools, resolveModel: (model) => models.resolve(model), add };
};
