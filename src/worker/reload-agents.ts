/** Agents that were edited while the worker runs. */
import { agentDefinition, agentDigest } from '../adapters/agents/define-agent.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { DefinitionError } from '../adapters/tools/definition-error.ts';
import { putDefinition } from '../store/definitions.ts';
import type { HeldAgents } from './held-agents.ts';
import type { Discovery } from './register-agents.ts';
import { refuseCommands } from './step-dependencies.ts';

export interface ReloadParts extends Discovery {
  readonly held: HeldAgents;
  readonly allowCommands?: boolean | undefined;
}

/**
 * New runs get these definitions; others go on with the one that they have pinned. Gives the names of agents that
 * changed. Throws a {@link DefinitionError}, and changes nothing, where one is not defined well.
 */
export type ReloadAgents = (agents: readonly AgentSource[]) => Promise<readonly string[]>;

export const agentReloader = (parts: ReloadParts): ReloadAgents => {
  const { store, scope, deployment, people, servers, logger, held } = parts;
  const digestsOf = (sources: readonly AgentSource[]): Map<string, string> =>
    new Map(sources.map((one) => [one.name, agentDigest(agentDefinition(one, deployment, people))]));
  let digests = digestsOf(parts.agents);
  const serversOf = new Map(parts.agents.map((one) => [one.name, JSON.stringify(one.mcpServers)]));

  return async (sources) => {
    if (!parts.allowCommands) refuseCommands(sources);
    // Connections belong to the worker: they are made when it starts.
    const moved = sources.filter((one) => (serversOf.get(one.name) ?? '{}') !== JSON.stringify(one.mcpServers));
    if (moved.length > 0)
      throw new DefinitionError(moved.map(({ name }) => `agents.${name}.mcpServers: count from the next start`));
    const next = digestsOf(sources);
    const changed = sources.filter(({ name }) => next.get(name) !== digests.get(name));
    const definitions = await Promise.all(
      changed.map(async (one) => agentDefinition(one, deployment, people, await servers.discover(one, scope))),
    );
    // Tools before definitions: a run that starts at once finds what it has pinned.
    held.add(sources);
    for (const definition of definitions) await putDefinition(store, scope, definition, agentDigest(definition));
    digests = next;
    const names = changed.map(({ name }) => name);
    logger.info({ agents: names }, 'agents.reload_completed');
    return names;
  };
};
