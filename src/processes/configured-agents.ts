/** The agents that the configuration names. */
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { loadAgentModules } from '../adapters/agents/load-agents.ts';
import { defaultModelId } from '../adapters/models/model-registry.ts';
import type { Config } from '../platform/config.ts';
import type { Installation } from '../platform/installation.ts';

export const loadConfiguredAgents = async (config: Config, place: Installation): Promise<readonly AgentSource[]> => {
  const loaded = await loadAgentModules(config.agentModules, {
    model: defaultModelId(config.models),
    repository: place.repository,
    repositoriesRoot: config.repositoriesRoot,
    forbidden: [place.stateDirectory],
  });
  return loaded.map((agent) => agent.source);
};
