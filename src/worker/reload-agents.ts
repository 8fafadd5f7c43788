/** Agents that were edited while the worker runs. */
import { agentDefinition, agentDigest } from '../adapters/agents/define-agent.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { DefinitionError } from '../adapters/tools/definition-error.ts';
import { allAgents } from './all-agents.ts';
import { discoverAgent } from './discover-agent.ts';
import { deployedAgent, keepAgent } from './keep-agent.ts';
import type { Discovery } from './register-agents.ts';
import { refuseCommands, refuseOwnQueue } from './step-dependencies.ts';

export interface ReloadParts extends Discovery {
  readonly taskQueues: readonly string[];
  readonly allowCommands?: boolean | undefined;
}

/**
 * New runs get these definitions; others go on with the one that they have pinned. Gives the names of agents that
 * changed. Throws a {@link DefinitionError}, and changes nothing, where one is not defined well.
 */
export type ReloadAgents = (agents: readonly AgentSource[]) => Promise<readonly string[]>;

export const agentReloader = (parts: ReloadParts): ReloadAgents => {
  const { store, scope, deployment, people = {}, servers, logger, held } = parts;
  const digestsOf = (sources: readonly AgentSource[]): Map<string, string> =>
    new Map(sources.map((one) => [one.name, agentDigest(agentDefinition(one, deployment, people))]));
  let digests = digestsOf(parts.agents);
  const serversOf = new Map(allAgents(parts.agents).map((one) => [one.name, JSON.stringify(one.mcpServers)]));

  return async (sources) => {
    if (!parts.allowCommands) refuseCommands(sources);
    refuseOwnQueue(sources, parts.taskQueues);
    // Connections belong to the worker: they are made when it starts.
    const moved = allAgents(sources).filter(
      (one) => (serversOf.get(one.name) ?? '{}') !== JSON.stringify(one.mcpServers),
    );
    if (moved.length > 0)
      throw new DefinitionError(moved.map(({ name }) => `agents.${name}.mcpServers: count from the next start`));
    const next = digestsOf(sources);
    const changed = sources.filter(({ name }) => next.get(name) !== digests.get(name));
    const agents = await Promise.all(changed.map((one) => discoverAgent(servers, one, scope)));
    const deployed = agents.map((one) => deployedAgent({ rules: deployment, people }, one));
    // Tools before definitions: a run that starts at once finds what it has pinned.
    held.add([...sources, ...agents.map(({ source }) => source)]);
    for (const one of deployed) await keepAgent(store, scope, one);
    digests = next;
    const names = changed.map(({ name }) => name);
    logger.info({ agents: names }, 'agents.reload_completed');
    return names;
  };
};
