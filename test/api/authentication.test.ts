import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('S0.7 fails closed', () => {
  test.each([
    ['GET', '/v1/runs'],
    ['POST', '/v1/runs'],
    ['GET', '/v1/approvals'],
    ['GET', '/v1/agents'],
    ['GET', '/v1/runs/run_aaaaaaaaaaaaaaaaaaaaaaaaaa'],
    ['GET', '/v1/runs/run_aaaaaaaaaaaaaaaaaaaaaaaaaa/events'],
    ['POST', '/v1/runs/run_aaaaaaaaaaaaaaaaaaaaaaaaaa/approvals/call_1_0/decisions'],
    ['POST', '/v1/runs/run_aaaaaaaaaaaaaaaaaaaaaaaaaa/block'],
    ['POST', '/v1/runs/run_aaaaaaaaaaaaaaaaaaaaaaaaaa/unblock'],
    ['POST', '/v1/runs/run_aaaaaaaaaaaaaaaaaaaaaaaaaa/resolve'],
    ['GET', '/v1/brakes'],
    ['POST', '/v1/brakes'],
    ['POST', '/v1/grants'],
    ['POST', '/v1/delegations'],
    ['GET', '/v1/does-not-exist'],
    ['PATCH', '/v1/runs'],
    ['OPTIONS', '/v1/runs'],
    ['GET', '/somewhere/else'],
  ])('%s %s without a credential is 401', async (method, path) => {
    const { status, body, headers } = await world.call(method, path, { key: null });
    expect(status).toBe(401);
    expect(body.code).toBe('unauthenticated');
    expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  });

  test.each([
    ['not a key at all', 'abc'],
    ['a key of the right form that nobody has', `cs_${'a'.repeat(16)}_${'A'.repeat(43)}`],
  ])('%s is 401', async (_name, key) => {
    expect((await world.call('GET', '/v1/runs', { key })).status).toBe(401);
  });

  test('the id of a key with another secret is 401', async () => {
    const { id } = await world.newKey();
    expect((await world.call('GET', '/v1/runs', { key: `cs_${id}_${'A'.repeat(43)}` })).status).toBe(401);
  });

  test.each([
    ['revoked', { revokedAt: Date.now() - 1 }],
    ['expired', { expiresAt: Date.now() - 1 }],
  ])('a %s key is 401', async (_name, changes) => {
    const { key } = await world.newKey(changes);
    expect((await world.call('GET', '/v1/runs', { key })).status).toBe(401);
  });

  test('a valid key is let in, and its use is noted', async () => {
    const { key, id } = await world.newKey();
    expect((await world.call('GET', '/v1/runs', { key })).status).toBe(200);
    const { rows } = await world.store.pool.query('select last_used_at from credentials where id = $1', [id]);
    expect(rows).toHaveLength(1);
  });

  const PUBLIC = ['/livez', '/readyz', '/openapi.json', '/.well-known/jwks.json', '/docs/errors/expired'];
  test.each([...PUBLIC, '/schemas/agent.json'])('%s is public', async (path) => {
    expect((await world.call('GET', path, { key: null })).status).toBe(200);
  });
});

describe('roles', () => {
  const START = { agent: 'refunds', input: 'Refund order 7.' };

  test('a role without the action is 403', async () => {
    const { key } = await world.newKey({ roles: ['auditor'] });
    const { status, body } = await world.call('POST', '/v1/runs', { key, body: START });
    expect([status, body.code]).toEqual([403, 'forbidden']);
  });

  test("a requester sees neither another's run nor that there is one", async () => {
    const mine = await world.call<{ runId: string }>('POST', '/v1/runs', { body: START });
    const { key } = await world.newKey({ principal: 'bob', roles: ['requester'] });
    for (const path of ['', '/events', '/approvals', '/artifacts', '/approvals/call_1_0']) {
      const { status, text } = await world.call('GET', `/v1/runs/${mine.body.runId}${path}`, { key });
      expect(status).toBe(404);
      expect(text).not.toContain(mine.body.runId);
      expect(text).not.toContain('ada');
    }
    expect((await world.call('POST', `/v1/runs/${mine.body.runId}/cancel`, { key })).status).toBe(404);
    const list = await world.call<{ data: unknown[] }>('GET', '/v1/runs', { key });
    expect(list.body.data).toEqual([]);
    const byName = await world.call<{ data: unknown[] }>('GET', '/v1/runs?requester=ada', { key });
    expect(byName.body.data).toEqual([]);
  });

  test('a run of another tenant or project is 404', async () => {
    const mine = await world.call<{ runId: string }>('POST', '/v1/runs', { body: START });
    for (const changes of [{ tenant: 'rival' }, { projects: ['ops'] }]) {
      const { key } = await world.newKey(changes);
      expect((await world.call('GET', `/v1/runs/${mine.body.runId}`, { key })).status).toBe(404);
    }
  });

  test('a key of two projects chooses by header, and no third', async () => {
    const { key } = await world.newKey({ projects: ['shop', 'ops'] });
    const ops = await world.call<{ data: unknown[] }>('GET', '/v1/agents', {
      key,
      headers: { 'countersign-project': 'ops' },
    });
    expect(ops.body.data).toEqual([]);
    const shop = await world.call<{ data: unknown[] }>('GET', '/v1/agents', { key });
    expect(shop.body.data).toHaveLength(1);
    const other = await world.call('GET', '/v1/agents', { key, headers: { 'countersign-project': 'hr' } });
    expect([other.status, other.body.code]).toEqual([403, 'project_not_allowed']);
  });
});

describe('host check', () => {
  const ask = (host: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(world.url);
      let text = '';
      const socket = connect(Number(port), hostname, () =>
        socket.write(`GET /livez HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
      );
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.on('end', () => resolve(text)).on('error', reject);
    });

  test.each(['127.0.0.1', 'localhost:3310', '[::1]:1'])('answers to %s', async (host) => {
    expect(await ask(host)).toMatch(/^HTTP\/1.1 200/);
  });

  test.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80'])('not to %s', async (host) => {
    const answer = await ask(host);
    expect(answer).toMatch(/^HTTP\/1.1 421/);
    expect(answer).toContain('host_not_allowed');
    expect(answer).not.toContain('evil');
  });
});
