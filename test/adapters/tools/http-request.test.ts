import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { httpRequestTool } from '../../../src/adapters/tools/http/http-request.ts';
import type { HttpRequestToolOptions } from '../../../src/adapters/tools/http/http-options.ts';
import { OutcomeUnknownError } from '../../../src/adapters/tools/outcome-unknown.ts';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import { createGuardedFetch } from '../../../src/platform/outgoing/guarded-fetch.ts';
import { callTool, refusalOf } from './call-tool.ts';

interface Heard {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let origin: string;
let other: string;
let heard: Heard[] = [];
const fetch = createGuardedFetch(['127.0.0.1', 'localhost']);

const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const chunks = await request.toArray();
  const { method = '', url: path = '', headers } = request;
  heard.push({ method, path, headers, body: Buffer.concat(chunks).toString('utf8') });
  if (path === '/cut') return void request.socket.destroy();
  if (path === '/hang') return;
  if (path === '/far') return void response.writeHead(302, { location: 'https://evil.example/' }).end();
  if (path === '/there') return void response.writeHead(302, { location: '/end' }).end();
  if (path === '/round') return void response.writeHead(302, { location: '/round' }).end();
  if (path === '/binary') return void response.end(Buffer.from([0xff, 0xfe, 0]));
  if (path === '/bomb')
    return void response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(5_000_000, 'a')));
  if (path === '/teapot') response.statusCode = 418;
  response.setHeader('content-type', 'text/plain').setHeader('set-cookie', 'session=1');
  response.end(`hello ${path}`);
};

beforeAll(async () => {
  server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
  other = `http://localhost:${port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  heard = [];
});

const toolFor = (options: Partial<HttpRequestToolOptions> = {}) => httpRequestTool({ origins: [origin], ...options });
const call = (args: JsonValue, options: Partial<HttpRequestToolOptions> = {}) =>
  callTool(toolFor(options), args, { fetch, effectKey: 'tool-approval:run_x:call_1_0:1' });

describe('a request', () => {
  test('is answered with status, some headers and the body; a status of 400 or more is an answer, too', async () => {
    expect(await call({ url: `${origin}/a?b=1` })).toEqual({
      url: `${origin}/a?b=1`,
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: 'hello /a?b=1',
      bytes: 12,
      truncated: false,
    });
    expect(await call({ url: `${origin}/teapot` })).toMatchObject({ status: 418 });
    expect(await call({ url: `${origin}/binary` })).toMatchObject({ body: null, binary: true });
  });

  test('that writes carries the effect key, the body and the headers that the author fixed', async () => {
    const options = { methods: ['POST'], fixedHeaders: { 'X-Team': 'ops' } } as const;
    const headers = { 'content-type': 'application/json' };
    await call({ url: `${origin}/orders`, body: '{"a":1}', headers }, { ...options, methods: ['POST'] });
    expect(heard).toMatchObject([
      {
        method: 'POST',
        body: '{"a":1}',
        headers: { ...headers, 'x-team': 'ops', 'idempotency-key': 'tool-approval:run_x:call_1_0:1' },
      },
    ]);
  });

  test('of a reader has no effect, of a writer at most one, unless its author knows better', () => {
    expect(toolFor()).toMatchObject({ effect: 'none', annotations: { readOnlyHint: true, openWorldHint: true } });
    expect(toolFor({ methods: ['GET', 'PUT'] })).toMatchObject({
      effect: 'once',
      annotations: { readOnlyHint: false },
    });
    expect(toolFor({ methods: ['PUT'], effect: 'idempotent' })).toMatchObject({ effect: 'idempotent' });
  });
});

describe('refused before anybody is asked', () => {
  test.each([
    ['another origin', () => ({ url: `${other}/` })],
    ['another port', () => ({ url: 'http://127.0.0.1:1/' })],
    ['the origin as a user name', () => ({ url: `${origin}@evil.example/` })],
    ['a user name', () => ({ url: origin.replace('//', '//anna:pw@') })],
    ['a backslash', () => ({ url: `${origin}\\@evil.example/` })],
    ['another spelling of the path', () => ({ url: `${origin}/a/../b` })],
    ['a fragment', () => ({ url: `${origin}/#x` })],
    ['another scheme', () => ({ url: 'file:///etc/passwd' })],
    ['a method that is not allowed', () => ({ url: `${origin}/`, method: 'DELETE' })],
    ['a header that is not allowed', () => ({ url: `${origin}/`, headers: { authorization: 'x' } })],
    ['a header of two lines', () => ({ url: `${origin}/`, headers: { accept: 'a\r\nhost: b' } })],
    ['a body that GET has not', () => ({ url: `${origin}/`, body: 'x' })],
  ])('%s', async (_, args) => {
    expect(await refusalOf(call(args() as JsonValue))).toBe('invalid_arguments');
    expect(heard).toEqual([]);
  });

  test('a body that is too large, or that a method has not', async () => {
    const options = { methods: ['POST', 'GET'], maxRequestBytes: 4 } as const;
    const asked = { ...options, methods: [...options.methods] };
    expect(await refusalOf(call({ url: `${origin}/`, body: 'ééé' }, asked))).toBe('invalid_arguments');
    expect(await refusalOf(call({ url: `${origin}/`, method: 'GET', body: 'x' }, asked))).toBe('invalid_arguments');
  });

  test('options that allow what no model may choose', () => {
    expect(() => toolFor({ headers: ['authorization'] })).toThrow('tools.http_request.headers.0');
    expect(() => toolFor({ origins: ['https://api.example/path'] })).toThrow('origins.0: must be an origin');
  });
});

describe('bounds', () => {
  test('of an answer: the rest is not read, whatever it unpacks to', async () => {
    const answer = await call({ url: `${origin}/bomb` }, { maxResponseBytes: 1_000 });
    expect(answer).toMatchObject({ bytes: 1_000, truncated: true, body: 'a'.repeat(1_000) });
  });

  test('redirects are followed by readers, within the list, so many', async () => {
    expect(await call({ url: `${origin}/there` })).toMatchObject({ url: `${origin}/end`, body: 'hello /end' });
    expect(await refusalOf(call({ url: `${origin}/far` }))).toBe('redirect_refused');
    expect(await refusalOf(call({ url: `${origin}/round` }, { maxRedirects: 2 }))).toBe('too_many_redirects');
    expect(heard.map(({ path }) => path)).toEqual(['/there', '/end', '/far', '/round', '/round', '/round']);
    expect(await call({ url: `${origin}/there` }, { methods: ['POST'] })).toMatchObject({ status: 302 });
  });

  test('an abort ends a request that hangs', async () => {
    const controller = new AbortController();
    const asking = callTool(toolFor(), { url: `${origin}/hang` }, { fetch, signal: controller.signal });
    await expect.poll(() => heard.length).toBe(1);
    controller.abort(new Error('cancelled'));
    await expect(asking).rejects.toThrow('cancelled');
  });
});

describe('failures say whether anything can have happened', () => {
  test('a private address that the deployment does not allow is not called', async () => {
    const asking = callTool(toolFor(), { url: `${origin}/` }, { fetch: createGuardedFetch([]) });
    expect(await refusalOf(asking)).toBe('private_address');
    expect(heard).toEqual([]);
  });

  test('nobody listens: nothing was sent', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const nowhere = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
    closed.close();
    await once(closed, 'close');
    expect(await refusalOf(call({ url: `${nowhere}/` }, { origins: [nowhere] }))).toBe('unreachable');
  });

  test('a line that is cut after the request was sent leaves it open', async () => {
    const lost = call({ url: `${origin}/cut` }, { methods: ['POST'] });
    await expect(lost).rejects.toBeInstanceOf(OutcomeUnknownError);
    expect(heard).toHaveLength(1);
  });
});
