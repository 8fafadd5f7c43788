import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_RATES } from '../../src/platform/rates.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

/** Everything a test of one limit leaves alone is far away. */
const rates = (changes: Partial<typeof DEFAULT_RATES>) => ({ rates: { ...DEFAULT_RATES, ...changes } });
const RUN = 'run_aaaaaaaaaaaaaaaaaaaaaaaaaa';

describe('S3 rates', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await createApiWorld({
      limits: rates({ reads: 4, writes: 3, decisions: 2, tenantReads: 9, anonymous: 30, failures: 3 }),
      dependencies: { trustedProxies: ['127.0.0.1'] },
    });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const read = (key: string | null, from?: string) =>
    world.call('GET', '/v1/runs', { key, headers: from === undefined ? {} : { 'x-forwarded-for': from } });

  test('every answer says what is left; one too many is 429 with Retry-After, for all credentials of a principal', async () => {
    const [first, second] = [await world.newKey({ principal: 'r1' }), await world.newKey({ principal: 'r1' })];
    const answers = [];
    for (const { key } of [first, second, first, second, first]) answers.push(await read(key));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['3', '2', '1', '0', '0']);
    const last = answers.at(-1);
    expect(last?.body).toMatchObject({ code: 'rate_limited', status: 429, type: '/docs/errors/rate_limited' });
    expect(last?.headers.get('ratelimit-limit')).toBe('4');
    const seconds = Number(last?.headers.get('retry-after'));
    expect([seconds > 0, seconds <= 60]).toEqual([true, true]);
    expect(last?.headers.get('ratelimit-reset')).toBe(String(seconds));
  });

  test('reads, writes and decisions are counted each for themselves', async () => {
    const { key } = await world.newKey({ principal: 'r2', tenant: 'tenant-2' });
    const cancel = () => world.call('POST', `/v1/runs/${RUN}/cancel`, { key });
    const decide = () =>
      world.call('POST', `/v1/runs/${RUN}/approvals/call_1_0/decisions`, { key, body: { decision: 'reject' } });
    const statuses = [];
    for (const call of [decide, decide, decide, cancel, cancel, cancel, cancel, () => read(key)]) {
      statuses.push((await call()).status);
    }
    expect(statuses).toEqual([404, 404, 429, 404, 404, 404, 429, 200]);
  });

  test('all principals of a tenant have a limit together, and other tenants theirs', async () => {
    const keys = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => world.newKey({ principal: name, tenant: 'tenant-3' })),
    );
    const statuses = [];
    for (const { key } of [...keys, ...keys, ...keys.slice(0, 2)]) statuses.push((await read(key)).status);
    expect(statuses).toEqual([...Array.from({ length: 9 }, () => 200), 429]);
    const { key } = await world.newKey({ principal: 'a', tenant: 'tenant-4' });
    expect((await read(key)).status).toBe(200);
  });

  test('routes that ask for no credential count by address', async () => {
    const answers = [];
    for (let time = 1; time <= 31; time += 1) {
      answers.push(
        await world.call('GET', '/.well-known/jwks.json', { key: null, headers: { 'x-forwarded-for': '8.8.4.4' } }),
      );
    }
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 30 }, () => 200), 429]);
    const elsewhere = await world.call('GET', '/.well-known/jwks.json', {
      key: null,
      headers: { 'x-forwarded-for': '8.8.4.5' },
    });
    expect(elsewhere.status).toBe(200);
    expect((await world.call('GET', '/livez', { key: null, headers: { 'x-forwarded-for': '8.8.4.4' } })).status).toBe(
      200,
    );
  });

  test('guessing credentials is cut short; who has shown a good one at the same address is not held up', async () => {
    const { key } = await world.newKey({ principal: 'r5', tenant: 'tenant-5' });
    expect((await read(key, '9.9.9.9')).status).toBe(200);
    const guess = (from: string) => read(`cs_${'a'.repeat(16)}_${'A'.repeat(43)}`, from);
    const statuses = [];
    for (let time = 1; time <= 5; time += 1) statuses.push((await guess('9.9.9.9')).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    const another = await world.newKey({ principal: 'r6', tenant: 'tenant-5' });
    expect((await read(another.key, '9.9.9.9')).status).toBe(429);
    expect((await read(key, '9.9.9.9')).status).toBe(200);
    expect((await guess('9.9.9.8')).status).toBe(401);
  });
});

describe('S3 load', () => {
  test('a process that cannot keep up says 503 with Retry-After, lives, and recovers', async () => {
    await using world = await createApiWorld({ limits: { eventLoopDelayMs: 100 } });
    const busyUntil = (deadline: number) => {
      while (performance.now() < deadline);
    };
    const overloaded = await waitFor('an answer under load', async () => {
      busyUntil(performance.now() + 500);
      const answer = await world.call('GET', '/v1/runs');
      return answer.status === 503 && answer;
    });
    expect(overloaded.body).toMatchObject({ code: 'overloaded', requestId: expect.stringMatching(/^req_/) });
    expect(Number(overloaded.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await world.call('GET', '/livez')).status).toBe(200);
    await waitFor('the process to be calm', async () => (await world.call('GET', '/v1/runs')).status === 200);
  });
});

describe('S3 timeouts', () => {
  const send = (url: string, text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      let answer = '';
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
      socket.on('close', () => resolve(answer)).on('error', reject);
    });

  test.each([
    ['headers', 'GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: drip'],
    ['a body', 'POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{"agent":'],
  ])('%s that do not come are answered 408 and the connection is closed', async (_name, text) => {
    await using world = await createApiWorld({ limits: { headersTimeoutMs: 300, requestTimeoutMs: 600 } });
    const answer = await send(
      world.url,
      text.replace(
        'Content-Length',
        `Authorization: Bearer ${world.key}\r\nContent-Type: application/json\r\nContent-Length`,
      ),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout/);
    expect(answer).toContain('"code":"request_timeout"');
  });
});
