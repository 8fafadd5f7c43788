/** The MCP servers of this worker's agents. */
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import type { ToolDefinition } from '../../domain/schemas/agent.ts';
import type { Scope } from '../../domain/schemas/names.ts';
import type { Logger } from '../../platform/logger.ts';
import type { GuardedFetch } from '../../platform/outgoing/guarded-fetch.ts';
import type { AgentSource } from '../agents/define-agent.ts';
import type { CredentialProvider } from '../credentials/credential-provider.ts';
import { createRedactor } from '../credentials/redactor.ts';
import type { Tool } from '../tools/tool.ts';
import { createConnectionPool } from './connection-pool.ts';
import { mcpDefinition, serverOf } from './mcp-definition.ts';
import { mcpTool } from './mcp-tool.ts';
import { McpServers } from './server-options.ts';
import type { McpServer } from './server-options.ts';

/** For whom secrets are resolved when tools are discovered: nobody has asked for a run yet. */
const DISCOVERER = 'countersign';

export interface McpParts {
  readonly agents: readonly AgentSource[];
  readonly fetch: GuardedFetch;
  readonly credentials: CredentialProvider;
  readonly logger: Logger;
}

export interface WorkerMcpServers {
  /** What the servers of an agent offer now. Throws where one of them does not answer. */
  discover(agent: AgentSource, scope: Scope): Promise<readonly ToolDefinition[]>;
  /** A tool by its pinned definition; undefined where the agent has no such server here, or its schema cannot be used. */
  tool(agent: string, definition: ToolDefinition): Tool | undefined;
  /** Ends all connections, and the processes of servers. */
  close(): Promise<void>;
}

export function openMcpServers({ agents, fetch, credentials, logger }: McpParts): WorkerMcpServers {
  const servers = new Map(
    agents.map((agent) => [agent.name, new Map(Object.entries(McpServers.parse(agent.mcpServers)))] as const),
  );
  const pool = createConnectionPool();
  const made = new Map<string, Tool | undefined>();

  const secretOf = async (server: McpServer, scope: Scope): Promise<string | undefined> => {
    if (server.credential === undefined) return undefined;
    const request = { ...scope, principal: DISCOVERER, reference: server.credential };
    return credentials.resolve(request, AbortSignal.timeout(server.connectTimeoutMs));
  };

  const discoverOn = async (agent: string, name: string, server: McpServer, scope: Scope) => {
    const credential = await secretOf(server, scope);
    const offered = await pool.use(`${agent}/${name}`, { server, credential, fetch }, (one) => one.tools());
    const wanted = offered.filter((tool) => server.tools === undefined || server.tools.includes(tool.name));
    // A server may repeat what it was shown.
    const { credential: reference = '' } = server;
    const redactor = createRedactor(credential === undefined ? undefined : { reference, value: credential });
    const definitions = wanted.map((tool) =>
      mcpDefinition(name, server, redactor.value(tool as unknown as JsonValue) as unknown as typeof tool),
    );
    const usable = definitions.filter((definition) => definition !== undefined);
    const missing = (server.tools ?? []).filter((tool) => !offered.some((one) => one.name === tool)).length;
    const counts = { tools: usable.length, unusable: wanted.length - usable.length, missing };
    const level = counts.unusable + missing > 0 ? 'warn' : 'info';
    logger[level]({ agent, server: name, ...counts }, 'mcp.discovery_completed');
    return usable;
  };

  return {
    async discover({ name: agent }, scope) {
      const mine = [...(servers.get(agent) ?? [])];
      const found = await Promise.all(mine.map(([name, server]) => discoverOn(agent, name, server, scope)));
      return found.flat();
    },
    tool(agent, definition) {
      const name = serverOf(definition);
      const server = name === undefined ? undefined : servers.get(agent)?.get(name);
      if (name === undefined || !server) return undefined;
      const key = `${agent} ${definition.definitionDigest}`;
      if (!made.has(key))
        made.set(
          key,
          mcpTool({
            name,
            server,
            definition,
            use: ({ credential, fetch: fetchFor }, work) =>
              pool.use(`${agent}/${name}`, { server, credential, fetch: fetchFor }, work),
          }),
        );
      return made.get(key);
    },
    close: () => pool.close(),
  };
}
