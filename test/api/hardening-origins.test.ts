import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

const ALLOWED = 'https://app.example';
const ask = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' };
const corsHeaders = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

describe('S3 browsers: an origin that is allowed', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await createApiWorld({ dependencies: { allowedOrigins: [ALLOWED, 'https://other.example'] } });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test('may ask for permission without a credential', async () => {
    const headers = { origin: ALLOWED, ...ask };
    const answer = await world.call('OPTIONS', '/v1/runs', { key: null, headers });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('access-control-allow-origin')).toBe(ALLOWED);
    expect(answer.headers.get('access-control-allow-headers')).toContain('idempotency-key');
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, PUT, DELETE');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    expect(answer.headers.get('vary')).toContain('Origin');
  });

  test('may read answers and refusals, with what is told in headers', async () => {
    for (const [key, status] of [
      [world.key, 200],
      [null, 401],
    ] as const) {
      const answer = await world.call('GET', '/v1/runs', { key, headers: { origin: ALLOWED } });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('access-control-allow-origin')).toBe(ALLOWED);
      expect(answer.headers.get('access-control-expose-headers')).toContain('retry-after');
    }
  });

  test.each([
    'https://evil.example',
    'https://app.example.evil.example',
    'http://app.example',
    'null',
    'https://APP.example',
  ])('not so %s', async (origin) => {
    const preflight = await world.call('OPTIONS', '/v1/runs', { key: null, headers: { origin, ...ask } });
    const answer = await world.call('GET', '/v1/runs', { headers: { origin } });
    expect([...corsHeaders(preflight.headers), ...corsHeaders(answer.headers)]).toEqual([]);
    expect(answer.headers.get('vary')).toContain('Origin');
  });

  test('what is not there stays so', async () => {
    const headers = { origin: ALLOWED };
    expect((await world.call('GET', '/v1/nothing', { headers })).body.code).toBe('route_not_found');
    expect((await world.call('PATCH', '/v1/runs', { headers })).headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
    expect((await world.call('OPTIONS', '/v1/runs')).headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
  });
});

test('S3 browsers: without a list no origin is allowed', async () => {
  await using world = await createApiWorld();
  const preflight = await world.call('OPTIONS', '/v1/runs', { key: null, headers: { origin: ALLOWED, ...ask } });
  expect([preflight.status, corsHeaders(preflight.headers)]).toEqual([401, []]);
  const answer = await world.call('GET', '/v1/runs', { headers: { origin: ALLOWED } });
  expect([answer.status, corsHeaders(answer.headers)]).toEqual([200, []]);
});
