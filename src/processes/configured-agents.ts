/** The agents that the configuration names. */
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import type { Loading } from '../adapters/agents/import-module.ts';
import { loadAgentModules } from '../adapters/agents/load-agents.ts';
import { defaultModelId } from '../adapters/models/model-registry.ts';
import type { Config } from '../platform/config.ts';
import type { Installation } from '../platform/installation.ts';

/** `loading`: where they may be loaded again. */
export const loadConfiguredAgents = async (
  config: Config,
  place: Installation,
  loading?: Loading,
): Promise<readonly AgentSource[]> => {
  const options = {
    model: defaultModelId(config.models),
    repository: place.repository,
    repositoriesRoot: config.repositoriesRoot,
    forbidden: [place.stateDirectory],
  };
  const loaded = await loadAgentModules(config.agentModules, options, loading);
  return loaded.map((agent) => agent.source);
};
