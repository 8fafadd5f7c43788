/** MCP servers for tests: the reference server from npm, over both transports, and one that misbehaves. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { McpServerOptions } from '../../src/adapters/mcp/server-options.ts';
import { waitFor } from './wait-for.ts';

const everything = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));
const misbehaving = fileURLToPath(new URL('misbehaving-mcp-server.ts', import.meta.url));

export const everythingOverStdio: McpServerOptions = {
  transport: { type: 'stdio', command: process.execPath, arguments: [everything] },
};

export interface HttpServer extends AsyncDisposable {
  readonly options: McpServerOptions;
  readonly url: string;
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};

/** A port of its own unless one is named. */
export const startEverythingOverHttp = async (given?: number): Promise<HttpServer> => {
  const port = given ?? (await freePort());
  const child = spawn(process.execPath, [everything, 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}/mcp`;
  await waitFor('the MCP server', async () => {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    return answer !== undefined;
  });
  return {
    url,
    options: { transport: { type: 'http', url } },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
};

export interface OfferedTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema?: object;
  readonly outputSchema?: object;
  readonly annotations?: object;
}

export interface MisbehavingServer extends AsyncDisposable {
  readonly options: McpServerOptions;
  /** Changes what it offers from now on. */
  offer(tools: readonly OfferedTool[]): Promise<void>;
  /** What it noted: its starts, calls and cancels. */
  notes(): Promise<readonly string[]>;
}

const anything = { type: 'object', properties: {} };

export const misbehavingServer = async (tools: readonly OfferedTool[]): Promise<MisbehavingServer> => {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-mcp-'));
  const [offerFile, logFile] = [join(directory, 'offer.json'), join(directory, 'log')];
  const offer = (offered: readonly OfferedTool[]) =>
    writeFile(offerFile, JSON.stringify(offered.map((tool) => ({ inputSchema: anything, ...tool }))));
  await offer(tools);
  await writeFile(logFile, '');
  return {
    options: {
      transport: { type: 'stdio', command: process.execPath, arguments: [misbehaving, offerFile, logFile] },
      connectTimeoutMs: 5_000,
    },
    offer,
    notes: async () => (await readFile(logFile, 'utf8')).split('\n').filter((line) => line !== ''),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
};

/** A server over HTTP with one tool, `pay`, each call of which is answered like this: by a status, or the line is cut. */
export const serverThatAnswers = async (answer: number | 'cut'): Promise<HttpServer> => {
  const server = createHttpServer((request, response) => {
    const json = (result: object, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(result));
    if (request.method !== 'POST') return void response.writeHead(405).end();
    void text(request).then((body) => {
      const { id, method } = JSON.parse(body) as { readonly id?: number; readonly method: string };
      const reply = (result: object) => json({ jsonrpc: '2.0', id, result });
      if (id === undefined) return response.writeHead(202).end();
      if (method === 'initialize')
        return reply({
          protocolVersion: '2025-11-25',
          capabilities: { tools: {} },
          serverInfo: { name: 'refuser', version: '1' },
        });
      if (method === 'tools/list') return reply({ tools: [{ name: 'pay', inputSchema: anything }] });
      if (method !== 'tools/call') return json({ jsonrpc: '2.0', id, error: { code: -32601, message: 'No.' } });
      return answer === 'cut' ? request.socket.destroy() : json({ error: 'no' }, answer);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/mcp`;
  return {
    url,
    options: { transport: { type: 'http', url } },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
