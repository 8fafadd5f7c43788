/** One connection to one MCP server, with one credential. It is made when first needed and, once lost, never used again. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { CallToolResult, Progress, Tool as OfferedTool } from '@modelcontextprotocol/client';
import type { GuardedFetch } from '../../platform/outgoing/guarded-fetch.ts';
import { version } from '../../platform/version.ts';
import { boundedFetch } from './bounded-fetch.ts';
import type { McpServer } from './server-options.ts';
import { StdioTransport } from './stdio-transport.ts';

const MAX_TOOLS = 512;
const MAX_PAGES = 16;
/** A server of today answers this at once; older ones may not answer at all. */
const PROBE_MS = 5_000;

export interface McpCall {
  readonly tool: OfferedTool;
  readonly arguments: Record<string, unknown>;
  readonly effectKey: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export interface McpConnection {
  readonly isOpen: boolean;
  /** As the server has them now. */
  tools(signal?: AbortSignal): Promise<readonly OfferedTool[]>;
  call(call: McpCall): Promise<CallToolResult>;
  /** Takes no more calls; those under way go on. */
  retire(): void;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly server: McpServer;
  readonly credential: string | undefined;
  readonly fetch: GuardedFetch;
}

function transportOf({ server: { transport }, credential, fetch }: ConnectOptions) {
  if (transport.type === 'stdio') return new StdioTransport(transport, credential);
  const { url, headers, credentialHeader, credentialPrefix } = transport;
  const secret = credential !== undefined && { [credentialHeader]: `${credentialPrefix}${credential}` };
  return new StreamableHTTPClientTransport(new URL(url), {
    fetch: boundedFetch(fetch),
    requestInit: { headers: { ...headers, ...secret } },
  });
}

export async function connect(options: ConnectOptions): Promise<McpConnection> {
  const { connectTimeoutMs } = options.server;
  const client = new Client(
    { name: 'countersign', version },
    {
      // Asks for the newest protocol first and takes what the server speaks.
      versionNegotiation: { mode: 'auto', probe: { timeoutMs: Math.min(PROBE_MS, connectTimeoutMs) } },
      // Whether an answer keeps its schema is checked where nothing is lost by it, with patterns that cannot hang.
      jsonSchemaValidator: {
        getValidator: () => (data) => ({ valid: true, data: data as never, errorMessage: undefined }),
      },
      listMaxPages: MAX_PAGES,
    },
  );
  const transport = transportOf(options);
  let isOpen = true;
  Object.assign(client, {
    onclose: () => {
      isOpen = false;
    },
    // What goes wrong shows in the calls that it goes wrong for.
    onerror: () => {},
  });
  try {
    await client.connect(transport, { timeout: connectTimeoutMs });
  } catch (error) {
    // Also of a child that came up and never answered.
    await transport.close().catch(() => undefined);
    throw error;
  }
  return {
    get isOpen() {
      return isOpen;
    },
    async tools(signal) {
      const request = { timeout: connectTimeoutMs, cacheMode: 'refresh' as const, ...(signal && { signal }) };
      const { tools } = await client.listTools(undefined, request);
      return tools.slice(0, MAX_TOOLS);
    },
    call: ({ tool, arguments: args, effectKey, timeoutMs, signal, onProgress }) =>
      client.callTool(
        { name: tool.name, arguments: args, _meta: { 'countersign.dev/effect-key': effectKey } },
        { timeout: timeoutMs, maxTotalTimeout: timeoutMs, signal, onprogress: onProgress, toolDefinition: tool },
      ),
    retire() {
      isOpen = false;
    },
    async close() {
      isOpen = false;
      await client.close().catch(() => undefined);
      await transport.close().catch(() => undefined);
    },
  };
}
