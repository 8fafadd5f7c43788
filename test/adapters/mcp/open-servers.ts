import { environmentCredentials } from '../../../src/adapters/credentials/environment-credentials.ts';
import { openMcpServers } from '../../../src/adapters/mcp/mcp-servers.ts';
import type { McpServerOptions } from '../../../src/adapters/mcp/server-options.ts';
import type { Tool, ToolContext } from '../../../src/adapters/tools/tool.ts';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import type { ToolDefinition } from '../../../src/domain/schemas/agent.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { createGuardedFetch } from '../../../src/platform/outgoing/guarded-fetch.ts';
import { testAgent } from '../../../src/testing/index.ts';
import { callTool } from '../tools/call-tool.ts';

const SCOPE = { tenant: 'acme', project: 'web' };

export interface OpenServer extends AsyncDisposable {
  readonly definitions: readonly ToolDefinition[];
  definition(name: string): ToolDefinition;
  tool(name: string): Tool;
  /** As the gate calls it. */
  call(name: string, args?: JsonValue, context?: Partial<ToolContext>): Promise<JsonValue>;
  discover(): Promise<readonly ToolDefinition[]>;
}

/** One server, called `x`, discovered. */
export const openServer = async (options: McpServerOptions): Promise<OpenServer> => {
  const agent = testAgent({ script: [], mcpServers: { x: options } });
  const fetch = createGuardedFetch(['127.0.0.1']);
  const servers = openMcpServers({
    agents: [agent],
    fetch,
    credentials: environmentCredentials(new Map([['GITHUB', 'secret-of-github']])),
    logger: createLogger({ level: 'silent', service: 'test' }),
  });
  const discover = () => servers.discover(agent, SCOPE);
  const definitions = await discover().catch(async (error: unknown) => {
    await servers.close();
    throw error;
  });
  const definition = (name: string): ToolDefinition => {
    const found = definitions.find((one) => one.name === `x_${name}`);
    if (!found) throw new Error(`No tool ${name} among ${definitions.map((one) => one.name).join(', ')}.`);
    return found;
  };
  const tool = (name: string): Tool => {
    const made = servers.tool(agent.name, definition(name));
    if (!made) throw new Error(`No tool can be made of ${name}.`);
    return made;
  };
  return {
    definitions,
    definition,
    tool,
    call: (name, args = {}, context = {}) => callTool(tool(name), args, { fetch, ...context }),
    discover,
    [Symbol.asyncDispose]: () => servers.close(),
  };
};
