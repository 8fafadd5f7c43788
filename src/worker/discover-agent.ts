/** An agent with what MCP servers offer now: its own, and those of the agents that it calls. */
import { agentDefinition, agentDigest } from '../adapters/agents/define-agent.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import type { WorkerMcpServers } from '../adapters/mcp/mcp-servers.ts';
import type { ToolDefinition } from '../domain/schemas/agent.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { allAgents } from './all-agents.ts';

export interface DiscoveredAgent {
  /** Its tools name called agents as these are with the tools of their servers. */
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
  const tools = source.tools.map(async (tool) => {
    if (!tool.agent || !hasServers(tool.agent.source)) return tool;
    const called = await discoverAgent(servers, tool.agent.source, scope);
    const definition = agentDefinition(called.source, [], {}, called.discovered);
    return { ...tool, agent: { source: called.source, definition, digest: agentDigest(definition) } };
  });
  return { source: { ...source, tools: await Promise.all(tools) }, discovered: await servers.discover(source, scope) };
};
