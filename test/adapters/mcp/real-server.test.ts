/** The reference server from npm, over both transports. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import { everythingOverStdio, startEverythingOverHttp } from '../../support/mcp.ts';
import type { HttpServer } from '../../support/mcp.ts';
import { refusalOf } from '../tools/call-tool.ts';
import { openServer } from './open-servers.ts';
import type { OpenServer } from './open-servers.ts';

describe.each(['stdio', 'http'])('S1.19 over %s', (transport) => {
  let http: HttpServer | undefined;
  let server: OpenServer;
  beforeAll(async () => {
    http = transport === 'http' ? await startEverythingOverHttp() : undefined;
    server = await openServer(http?.options ?? everythingOverStdio);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await http?.[Symbol.asyncDispose]();
  });

  test('tools are found, named after their server, of effect once, with 30 minutes', () => {
    expect(server.definition('echo')).toMatchObject({
      name: 'x_echo',
      source: 'mcp:x',
      description: 'Echoes back the input string',
      inputSchema: { type: 'object', required: ['message'] },
      effect: 'once',
      timeoutMs: 1_800_000,
      definitionDigest: expect.stringMatching(/^sha256:/),
    });
    expect(server.definitions.length).toBeGreaterThan(10);
  });

  test('a call is answered, by the arguments as they were checked', async () => {
    expect(await server.call('echo', { message: 'Grüße' })).toEqual({
      content: [{ type: 'text', text: 'Echo: Grüße' }],
    });
    expect(await server.call('get-sum', { a: 1, b: 2 })).toMatchObject({
      content: [{ text: expect.stringContaining('3') }],
    });
    const structured = await server.call('get-structured-content', { location: 'Chicago' });
    expect(structured).toMatchObject({ structured: { temperature: expect.any(Number) } });
  });

  test.each([
    ['a field that is missing', {}],
    ['another type', { message: 1 }],
    ['an unknown field', { message: 'x', other: true }],
  ])('%s is refused by the pinned schema', async (_, args) => {
    expect(await refusalOf(server.call('echo', args))).toBe('invalid_arguments');
  });

  test('images and files are kept beside the result, which names them', async () => {
    const kept: JsonValue[] = [];
    const attach = (value: JsonValue) => {
      kept.push(value);
      return { sha256: 'a'.repeat(64), bytes: 1 };
    };
    const image = await server.call('get-tiny-image', {}, { attach });
    expect(image).toMatchObject({
      content: [{ type: 'text' }, { type: 'image', mimeType: 'image/png', ref: { sha256: 'a'.repeat(64) } }, {}],
    });
    const file = await server.call('get-resource-reference', { resourceType: 'Blob', resourceId: 2 }, { attach });
    expect(JSON.stringify(file)).toContain('demo://resource/dynamic/blob/2');
    expect(kept).toMatchObject([{ mimeType: 'image/png', base64: expect.stringMatching(/^iVBOR/) }, {}]);
  });

  test('progress is passed on as numbers', async () => {
    const told: [number, number | undefined][] = [];
    const progress = (at: number, total?: number): void => void told.push([at, total]);
    await server.call('trigger-long-running-operation', { duration: 1, steps: 4 }, { progress });
    expect(told.slice(0, 3)).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
    ]);
  });

  test('a cancel ends the call', async () => {
    const controller = new AbortController();
    const progress = (): void => controller.abort(new Error('cancelled'));
    const args = { duration: 30, steps: 60 };
    const calling = server.call('trigger-long-running-operation', args, { signal: controller.signal, progress });
    await expect(calling).rejects.toThrow('cancelled');
    expect(await server.call('echo', { message: 'still there' })).toMatchObject({ content: [{}] });
  });
});

test('S1.19 a server that comes back is connected to again, without a new start of ours', async () => {
  const first = await startEverythingOverHttp();
  const port = Number(new URL(first.url).port);
  await using server = await openServer({ ...first.options, connectTimeoutMs: 3_000 });
  expect(await server.call('echo', { message: 'one' })).toMatchObject({ content: [{ text: 'Echo: one' }] });
  await first[Symbol.asyncDispose]();
  expect(await refusalOf(server.call('echo', { message: 'two' }))).toBe('mcp_unreachable');
  const again = await startEverythingOverHttp(port);
  expect(await server.call('echo', { message: 'three' })).toMatchObject({ content: [{ text: 'Echo: three' }] });
  await again[Symbol.asyncDispose]();
});

test('S1.19 only the tools on the list, and hints count only where the server is trusted', async () => {
  const tools = ['echo', 'toggle-simulated-logging'];
  await using plain = await openServer({ ...everythingOverStdio, tools });
  await using trusted = await openServer({ ...everythingOverStdio, tools, trusted: true });
  expect(plain.definitions.map(({ name }) => name)).toEqual(['x_echo', 'x_toggle-simulated-logging']);
  expect(plain.definition('echo')).toMatchObject({
    effect: 'once',
    annotations: {
      claimed: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    },
  });
  expect(plain.definition('echo').annotations).not.toHaveProperty('readOnlyHint');
  expect(plain.definition('toggle-simulated-logging').annotations).toMatchObject({ readOnlyHint: false });
  expect(trusted.definition('echo')).toMatchObject({ effect: 'none', annotations: { readOnlyHint: true } });
  expect(trusted.definition('toggle-simulated-logging')).toMatchObject({ effect: 'once' });
  expect(trusted.definition('echo').definitionDigest).not.toBe(plain.definition('echo').definitionDigest);
});
