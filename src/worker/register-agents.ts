/** Makes the agents of this worker known to the bridge: new runs are started with these definitions. */
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import type { WorkerMcpServers } from '../adapters/mcp/mcp-servers.ts';
import type { RuleInput } from '../domain/policy/policy-schema.ts';
import type { KnownPeople } from '../domain/policy/quorum-faults.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { Logger } from '../platform/logger.ts';
import type { Store } from '../store/database.ts';
import { discoverAgent, hasServers } from './discover-agent.ts';
import type { HeldAgents } from './held-agents.ts';
import { deployedAgent, keepAgent } from './keep-agent.ts';

/** A server that was not there when the worker started is asked again. */
const AGAIN_MS = 30_000;

export const registerAgents = async (
  store: Store,
  scope: Scope,
  agents: readonly AgentSource[],
  deployment: readonly RuleInput[],
  people: KnownPeople = {},
): Promise<void> => {
  const place = { rules: deployment, people };
  for (const source of agents) await keepAgent(store, scope, deployedAgent(place, { source, discovered: [] }));
};

export interface Discovery {
  readonly store: Store;
  readonly scope: Scope;
  readonly agents: readonly AgentSource[];
  readonly deployment: readonly RuleInput[];
  readonly people?: KnownPeople | undefined;
  readonly servers: WorkerMcpServers;
  /** Tools of agents that are called are known by what their servers offer. */
  readonly held: HeldAgents;
  readonly logger: Logger;
  readonly againMs?: number;
}

/**
 * Agents with MCP servers are known once all of their servers have answered. Until then the bridge goes by what it knew
 * before, and the worker serves everything else.
 */
export const startDiscovery = async (parts: Discovery): Promise<{ stop(): Promise<void> }> => {
  const { store, scope, deployment, people = {}, servers, held, logger, againMs = AGAIN_MS } = parts;
  const place = { rules: deployment, people };
  let waiting = parts.agents.filter(hasServers);
  const tryOne = async (source: AgentSource): Promise<boolean> => {
    try {
      const agent = await discoverAgent(servers, source, scope);
      const deployed = deployedAgent(place, agent);
      // Tools before definitions: a run that starts at once finds what it has pinned.
      held.add([agent.source]);
      await keepAgent(store, scope, deployed);
      return true;
    } catch (error) {
      // What a server says of itself may hold anything.
      logger.error(
        { agent: source.name, code: error instanceof Error ? error.name : 'unknown' },
        'mcp.discovery_failed',
      );
      return false;
    }
  };
  const pass = async (): Promise<void> => {
    const done = await Promise.all(waiting.map(tryOne));
    waiting = waiting.filter((_, index) => !done[index]);
  };
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const plan = (): void => {
    if (waiting.length > 0 && !isStopped) timer = setTimeout(again, againMs);
  };
  const again = (): void => {
    passing = pass().then(plan);
  };
  let passing = pass();
  await passing;
  plan();
  await registerAgents(
    store,
    scope,
    parts.agents.filter((agent) => !hasServers(agent)),
    deployment,
    people,
  );
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await passing;
    },
  };
};
