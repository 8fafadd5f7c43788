/** An agent with what MCP servers offer now: its own, and those of the agents that it calls or that follow it. */
import { agentDefinition, agentDigest } from '../adapters/agents/define-agent.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import type { WorkerMcpServers } from '../adapters/mcp/mcp-servers.ts';
import type { SubAgent } from '../adapters/tools/tool.ts';
import type { ToolDefinition } from '../domain/schemas/agent.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { allAgents } from './all-agents.ts';

export interface DiscoveredAgent {
  /** It names other agents as these are with the tools of their servers. */
  readonly source: AgentSource;
  readonly discovered: readonly ToolDefinition[];
}

export const hasServers = (source: AgentSource): boolean =>
  allAgents([source]).some(({ mcpServers }) => Object.keys(mcpServers).length > 0);

/** Throws where a server does not answer. */
export const discoverAgent = async (
  servers: WorkerMcpServers,
  source: AgentSource,
  scope: Scope,
): Promise<DiscoveredAgent> => {
  const named = async (agent: SubAgent): Promise<SubAgent> => {
    if (!hasServers(agent.source)) return agent;
    const found = await discoverAgent(servers, agent.source, scope);
    const definition = agentDefinition(found.source, undefined, {}, found.discovered);
    return { source: found.source, definition, digest: agentDigest(definition) };
  };
  const [tools, following, discovered] = await Promise.all([
    Promise.all(source.tools.map(async (tool) => (tool.agent ? { ...tool, agent: await named(tool.agent) } : tool))),
    source.following && Promise.all(source.following.map(named)),
    servers.discover(source, scope),
  ]);
  return { source: { ...source, tools, ...(following && { following }) }, discovered };
};
