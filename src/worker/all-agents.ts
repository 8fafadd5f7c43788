import type { AgentSource } from '../adapters/agents/define-agent.ts';

/** Those that it calls, hands its runs to, or that follow it. */
export const agentsBelow = ({ tools, following = [] }: AgentSource): readonly AgentSource[] => [
  ...tools.flatMap(({ agent }) => agent?.source ?? []),
  ...following.map(({ source }) => source),
];

/** With the agents that they call, and those that these call. */
export const allAgents = (agents: readonly AgentSource[]): readonly AgentSource[] =>
  agents.flatMap((one) => [one, ...allAgents(agentsBelow(one))]);
