import type { AgentSource } from '../adapters/agents/define-agent.ts';

/** With the agents that they call, and those that these call. */
export const allAgents = (agents: readonly AgentSource[]): readonly AgentSource[] =>
  agents.flatMap((one) => [one, ...allAgents(one.tools.flatMap(({ agent }) => agent?.source ?? []))]);
