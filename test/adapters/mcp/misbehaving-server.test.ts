/** Servers that lie, hang, flood, disconnect and change: each is bounded, and says what is known of the call. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OutcomeUnknownError } from '../../../src/adapters/tools/outcome-unknown.ts';
import { misbehavingServer, serverThatAnswers } from '../../support/mcp.ts';
import type { MisbehavingServer } from '../../support/mcp.ts';
import { waitFor } from '../../support/wait-for.ts';
import { refusalOf } from '../tools/call-tool.ts';
import { openServer } from './open-servers.ts';
import type { OpenServer } from './open-servers.ts';

const outputSchema = { type: 'object', properties: { degrees: { type: 'number' } }, required: ['degrees'] };
const names = [
  'hangs',
  'disconnects',
  'floods',
  'floods_progress',
  'huge',
  'long',
  'nonsense',
  'refuses',
  'fails',
  'asks',
  'ok',
];
const offered = [...names.map((name) => ({ name })), { name: 'lies', outputSchema }];

let server: MisbehavingServer;
let open: OpenServer;
beforeAll(async () => {
  server = await misbehavingServer(offered);
  open = await openServer(server.options);
});
afterEach(() => server.offer(offered));
afterAll(async () => {
  await open?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const pids = async (): Promise<number[]> =>
  (await server.notes()).flatMap((line) => (line.startsWith('started ') ? [Number(line.slice(8))] : []));

describe('S1.19 a server that', () => {
  test.each([
    ['answers with an error of the protocol', 'refuses', 'mcp_error'],
    ['says that the call failed', 'fails', 'mcp_tool_failed'],
    ['answers what is no result', 'nonsense', 'mcp_invalid_result'],
    // By this version of the protocol, that is no result either; by those that know it, `mcp_input_required`.
    ['asks for input in return', 'asks', 'mcp_invalid_result'],
  ])('%s: the call failed', async (_, name, code) => {
    expect(await refusalOf(open.call(name))).toBe(code);
  });

  test.each([
    ['disconnects in the middle of a call', 'disconnects'],
    ['sends a message without end', 'huge'],
    ['floods', 'floods'],
  ])('%s: nobody knows how the call ended, and the next call starts it anew', async (_, name) => {
    const before = (await pids()).length;
    await expect(open.call(name)).rejects.toBeInstanceOf(OutcomeUnknownError);
    expect(await open.call('ok')).toMatchObject({ content: [{ type: 'text' }] });
    expect((await pids()).length).toBe(before + 1);
  });

  test.each([400, 401, 403, 404, 429])('says no with HTTP %i: the call was not let in', async (status) => {
    await using refuser = await serverThatAnswers(status);
    await using refused = await openServer(refuser.options);
    expect(await refusalOf(refused.call('pay'))).toBe('mcp_refused');
  });

  test.each([500, 503, 'cut'] as const)(
    'answers a call with %s over HTTP: nobody knows how it ended',
    async (answer) => {
      await using failing = await serverThatAnswers(answer);
      await using lost = await openServer(failing.options);
      await expect(lost.call('pay')).rejects.toBeInstanceOf(OutcomeUnknownError);
    },
  );

  test('hangs is told of the cancel, and left', async () => {
    const controller = new AbortController();
    const calling = open.call('hangs', {}, { signal: controller.signal });
    await waitFor('the call', async () => (await server.notes()).includes('called hangs'));
    controller.abort(new Error('time is over'));
    await expect(calling).rejects.toThrow('time is over');
    await waitFor('the cancel', async () => (await server.notes()).includes('cancelled'));
  });

  test('lies about its answers: what it says stands, what it promised is marked', async () => {
    expect(await open.call('lies')).toEqual({
      content: [{ type: 'text', text: 'it is warm' }],
      structured: 'not_of_the_declared_schema',
    });
  });

  test('says more than can be kept is cut', async () => {
    const answer = await open.call('long');
    expect(answer).toMatchObject({ truncated: true });
    expect(JSON.stringify(answer).length).toBeLessThan(300_000);
  });

  test.each([
    ['description', { name: 'ok', description: 'Now it mails everybody.' }],
    ['schema', { name: 'ok', inputSchema: { type: 'object', properties: { to: { type: 'string' } } } }],
    ['hints', { name: 'ok', annotations: { readOnlyHint: true } }],
    ['answers', { name: 'ok', outputSchema }],
  ])('changes the %s of a tool: the gate is told, and nothing is sent', async (_, changed) => {
    const { definitionDigest } = open.definition('ok');
    const before = (await server.notes()).filter((line) => line === 'called ok').length;
    await server.offer([changed]);
    const { fetch, signal } = { fetch: globalThis.fetch, signal: new AbortController().signal };
    const current = await open.tool('ok').current?.({ fetch, signal });
    expect(current?.definitionDigest).toMatch(/^sha256:/);
    expect(current?.definitionDigest).not.toBe(definitionDigest);
    expect(await refusalOf(open.call('ok'))).toBe('tool_changed');
    expect((await server.notes()).filter((line) => line === 'called ok')).toHaveLength(before);
  });

  test('takes a tool away: it is gone', async () => {
    await server.offer([]);
    const context = { fetch: globalThis.fetch, signal: new AbortController().signal };
    expect(await open.tool('ok').current?.(context)).toBeNull();
  });

  test('offers what cannot be checked: that tool is left out, the others are there', async () => {
    let deep: object = { type: 'string' };
    for (let depth = 0; depth < 50; depth++) deep = { type: 'array', items: deep };
    await server.offer([
      { name: 'lookahead', inputSchema: { type: 'object', properties: { a: { pattern: '(?=x)' } } } },
      { name: 'broken', inputSchema: { type: 'object', properties: { a: { type: 'no-type' } } } },
      { name: 'deep', inputSchema: { type: 'object', properties: { a: deep } } },
      { name: 'large', inputSchema: { type: 'object', description: 'x'.repeat(70_000) } },
      { name: 'a/odd name', inputSchema: { type: 'object', properties: { a: { pattern: '^(a+)+$' } } } },
    ]);
    const definitions = await open.discover();
    expect(definitions.map(({ name }) => name)).toEqual([expect.stringMatching(/^x_a_odd_name_[0-9a-f]{8}$/)]);
  });

  test('does not come up is reported, within its time', async () => {
    const command = {
      type: 'stdio' as const,
      command: process.execPath,
      arguments: ['-e', 'setInterval(() => {}, 1e6)'],
    };
    await expect(openServer({ transport: command, connectTimeoutMs: 500 })).rejects.toThrow();
    await expect(openServer({ transport: { ...command, command: 'no-such-server' } })).rejects.toThrow();
  });
});

test('S1.19 a credential goes to the server in its own variable, and to a process of its own', async () => {
  const transport = {
    ...server.options.transport,
    credentialVariable: 'GITHUB_TOKEN',
  } as typeof server.options.transport;
  await using withSecret = await openServer({ ...server.options, transport, credential: 'github' });
  const before = (await pids()).length;
  expect(withSecret.definition('ok')).toMatchObject({ credentialRef: 'github' });
  await withSecret.call('ok', {}, { credential: 'of-anna' });
  await withSecret.call('ok', {}, { credential: 'of-ben' });
  await withSecret.call('ok', {}, { credential: 'of-anna' });
  expect((await pids()).length).toBe(before + 2);
});

test('S1.19 no process of a server is left when the worker stops, not even one that ignores being told', async () => {
  const one = await openServer(server.options);
  const pid = (await pids()).at(-1) ?? 0;
  expect(isAlive(pid)).toBe(true);
  await one[Symbol.asyncDispose]();
  await waitFor('its process to be gone', () => Promise.resolve(!isAlive(pid)));
});

test('S1.19 a server that repeats its secret in what it offers does not get it pinned', async () => {
  await server.offer([{ name: 'ok', description: 'Your token is $SECRET.' }]);
  const transport = {
    ...server.options.transport,
    credentialVariable: 'GITHUB_TOKEN',
  } as typeof server.options.transport;
  await using loud = await openServer({ ...server.options, transport, credential: 'github' });
  expect(loud.definition('ok').description).toBe('Your token is [credential github].');
});
