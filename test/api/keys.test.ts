import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Key, KeyWithSecret } from '../../src/contract/keys.ts';
import type { Page } from '../../src/contract/pagination.ts';
import { readAudit } from '../../src/store/audit-events.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

type Answer = KeyWithSecret & { code: string };

const GRACE = { principal: 'grace', kind: 'person', roles: ['approver'] };
const create = (body: object = GRACE, key = world.key, headers = {}) =>
  world.call<Answer>('POST', '/v1/keys', { key, body, headers });
const rotate = (keyId: string, body: object = {}, key = world.key, headers = {}) =>
  world.call<Answer>('POST', `/v1/keys/${keyId}/rotate`, { key, body, headers });
const revoke = (keyId: string, key = world.key) =>
  world.call<Key & { code: string }>('POST', `/v1/keys/${keyId}/revoke`, { key });
const statusWith = async (key: string | null) => (await world.call('GET', '/v1/agents', { key })).status;
const audited = async () => (await readAudit(world.store, scope.tenant, { after: 0, limit: 1_000 })).slice();
const secretOf = (key: string | null) => key?.split('_').slice(2).join('_') ?? '';

async function made(body: object = GRACE, by = world.key): Promise<{ keyId: string; key: string }> {
  const { status, body: answer } = await create(body, by);
  expect(status).toBe(201);
  return { keyId: answer.keyId, key: answer.key ?? '' };
}

describe('S0.7 making keys', () => {
  test('a key works at once, holds what was asked for, and its secret is in the answer and nowhere else', async () => {
    const { status, headers, body } = await create({ ...GRACE, groups: ['legal'], channel: 'cli', label: 'laptop' });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/v1/keys/${body.keyId}`);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({ ...GRACE, groups: ['legal'], projects: ['shop'], channel: 'cli', label: 'laptop' });
    expect(body).toMatchObject({ createdBy: 'ada', status: 'live', prefix: `cs_${body.keyId}` });
    expect(await statusWith(body.key)).toBe(200);
    const { text } = await world.call('GET', `/v1/keys/${body.keyId}`);
    expect(text).not.toContain(secretOf(body.key));
    const { rows } = await world.store.pool.query('select row_to_json(c)::text as row from credentials c');
    expect(JSON.stringify(rows)).not.toContain(secretOf(body.key));
    expect(JSON.stringify(await audited())).not.toContain(secretOf(body.key));
    expect(world.logLines.join()).not.toContain(secretOf(body.key));
  });

  test('the same request again is the same key without its secret; another under its Idempotency-Key is 422', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const [one, two] = await Promise.all([create(GRACE, world.key, headers), create(GRACE, world.key, headers)]);
    expect([one.status, two.status].toSorted((a, b) => a - b)).toEqual([200, 201]);
    expect(one.body.keyId).toBe(two.body.keyId);
    expect([one.body.key, two.body.key].filter((key) => key !== null)).toHaveLength(1);
    const other = await create({ ...GRACE, roles: ['auditor'] }, world.key, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
    const events = (await audited()).filter(({ data }) => data['keyId'] === one.body.keyId);
    expect(events.map(({ type, actor }) => [type, actor?.principal])).toEqual([['key.created', 'ada']]);
  });

  test.each(['requester', 'approver', 'operator', 'auditor'] as const)('%s makes none', async (role) => {
    const { key } = await world.newKey({ roles: [role] });
    expect((await create(GRACE, key)).status).toBe(403);
  });

  test('a service makes no key of a person, and none that could more than itself', async () => {
    const { key } = await world.newKey({ kind: 'service', principal: 'robot', roles: ['admin', 'requester'] });
    const wanted = { principal: 'child', kind: 'service', roles: ['requester'] };
    for (const changes of [{ kind: 'person' }, { roles: ['operator'] }, { projects: ['ops'] }, { groups: ['legal'] }]) {
      const { status, body } = await create({ ...wanted, ...changes }, key);
      expect([status, body.code], JSON.stringify(changes)).toEqual([403, 'not_yours_to_give']);
    }
    expect((await create({ ...wanted, groups: ['support'] }, key)).status).toBe(201);
    const person = await made();
    expect((await rotate(person.keyId, {}, key)).body.code).toBe('not_yours_to_give');
  });

  test.each([
    ['an end that has passed', { expiresAt: '2020-01-01T00:00:00Z' }, 422],
    ['a role that there is not', { roles: ['king'] }, 400],
    ['no role', { roles: [] }, 400],
    ['a blank principal', { principal: '  ' }, 400],
    ['the channel of sessions', { channel: 'inbox' }, 400],
    ['another tenant', { tenant: 'rival' }, 400],
    ['a project that is no name', { projects: ['../x'] }, 400],
  ])('%s is refused', async (_name, changes, status) => {
    expect((await create({ ...GRACE, ...changes })).status).toBe(status);
  });
});

describe('S0.7 seeing keys', () => {
  test('an administrator pages through those of the tenant, with filters; the rest see their own', async () => {
    const tenant = `t${randomUUID().slice(0, 8)}`;
    const { key: boss } = await world.newKey({ tenant, principal: 'boss' });
    for (const principal of ['ann', 'bob', 'ann']) await made({ ...GRACE, principal }, boss);
    const list = async (query: string, key = boss) =>
      (await world.call<Page<Key>>('GET', `/v1/keys?${query}`, { key })).body;
    const first = await list('limit=2');
    const second = await list(`limit=2&cursor=${first.nextCursor}`);
    expect([...first.data, ...second.data].map(({ principal }) => principal)).toEqual(['ann', 'bob', 'ann', 'boss']);
    expect(second.nextCursor).toBeNull();
    expect((await list('principal=ann')).data).toHaveLength(2);
    expect((await list('kind=service')).data).toEqual([]);
    const [bob] = (await list('principal=bob')).data;
    await revoke(bob?.keyId ?? '', boss);
    expect((await list('state=revoked')).data.map(({ principal }) => principal)).toEqual(['bob']);
    const ann = await made({ ...GRACE, principal: 'ann' }, boss);
    expect((await list('', ann.key)).data).toHaveLength(3);
    expect((await list('principal=boss', ann.key)).data).toEqual([]);
  });

  test("another's key, and another tenant's, is 404 to see, rotate and revoke", async () => {
    const grace = await made();
    const { key: bob } = await world.newKey({ principal: 'bob', roles: ['operator'] });
    const { key: rival } = await world.newKey({ tenant: 'rival', principal: 'grace' });
    for (const key of [bob, rival]) {
      const answers = [
        await world.call('GET', `/v1/keys/${grace.keyId}`, { key }),
        await rotate(grace.keyId, {}, key),
        await revoke(grace.keyId, key),
      ];
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
      expect(answers.map(({ text }) => text).join()).not.toContain('grace');
    }
    expect(await statusWith(grace.key)).toBe(200);
  });
});

describe('S0.7 rotating keys', () => {
  test('the new secret counts and the old one does not; both do while they overlap', async () => {
    const { keyId, key } = await made();
    const first = await rotate(keyId, {}, key);
    expect(first.status).toBe(200);
    await waitFor('the key is refused', async () => (await statusWith(key)) === 401, { timeoutMs: 1_000 });
    expect(await statusWith(first.body.key)).toBe(200);
    const second = await rotate(keyId, { overlap: '1h' }, first.body.key ?? '');
    expect(second.body.previousUntil).not.toBeNull();
    expect([await statusWith(first.body.key), await statusWith(second.body.key)]).toEqual([200, 200]);
    await world.store.pool.query('update credentials set previous_until = 1 where id = $1', [keyId]);
    await waitFor('the key is refused', async () => (await statusWith(first.body.key)) === 401);
    expect(await statusWith(second.body.key)).toBe(200);
  });

  test('the same request again rotates nothing and shows nothing', async () => {
    const { keyId } = await made();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await rotate(keyId, {}, world.key, headers);
    const again = await rotate(keyId, {}, world.key, headers);
    expect([again.status, again.body.key]).toEqual([200, null]);
    expect(await statusWith(first.body.key)).toBe(200);
    const other = await rotate(keyId, { overlap: '1h' }, world.key, headers);
    expect(other.body.code).toBe('idempotency_mismatch');
  });

  test('a key of few rights does not get the secret of a better one of the same person', async () => {
    const better = await made({ principal: 'eve', kind: 'person', roles: ['admin'] });
    const poor = await made({ principal: 'eve', kind: 'person', roles: ['requester'] });
    expect((await rotate(better.keyId, {}, poor.key)).body.code).toBe('not_yours_to_give');
    expect((await rotate(poor.keyId, {}, poor.key)).status).toBe(200);
  });

  test('a revoked key gets no other secret, and an overlap has an end', async () => {
    const { keyId } = await made();
    expect((await rotate(keyId, { overlap: '31d' })).body.code).toBe('invalid_period');
    await revoke(keyId);
    const { status, body } = await rotate(keyId);
    expect([status, body.code]).toEqual([409, 'key_ended']);
  });
});

describe('S0.7 revoking keys', () => {
  test('a revoked key is refused; again it changes nothing; both are told once', async () => {
    const { keyId, key } = await made();
    expect(await statusWith(key)).toBe(200);
    const first = await revoke(keyId, key);
    expect(first.body).toMatchObject({ status: 'revoked', revokedBy: 'grace' });
    await waitFor('the key is refused', async () => (await statusWith(key)) === 401, { timeoutMs: 1_000 });
    expect((await revoke(keyId)).body).toMatchObject({ revokedBy: 'grace', revokedAt: first.body.revokedAt });
    const types = (await audited()).filter(({ data }) => data['keyId'] === keyId).map(({ type }) => type);
    expect(types).toEqual(['key.created', 'key.revoked']);
  });

  test('a change that cannot be told does not happen', async () => {
    const { keyId, key } = await made();
    await world.store.pool.query('alter table audit_events rename to audit_events_away');
    try {
      expect((await revoke(keyId)).status).toBe(500);
      expect((await create()).status).toBe(500);
    } finally {
      await world.store.pool.query('alter table audit_events_away rename to audit_events');
    }
    expect(await statusWith(key)).toBe(200);
  });
});

describe('S1.6 whoever could know a secret counts as its bearer', () => {
  const makersOf = async (keyId: string) =>
    (await world.store.pool.query('select makers from credentials where id = $1', [keyId])).rows[0].makers as string[];

  test('through however many keys, and through rotations', async () => {
    const admin = { kind: 'person', roles: ['admin'] };
    const bob = await made({ ...admin, principal: 'bob' });
    const carol = await made({ ...admin, principal: 'carol' }, bob.key);
    const dave = await made({ ...admin, principal: 'dave' }, carol.key);
    expect(await makersOf(dave.keyId)).toEqual(['carol', 'bob', 'ada']);
    const again = await rotate(dave.keyId, {}, dave.key);
    expect(await makersOf(dave.keyId)).toEqual(['ada', 'bob', 'carol']);
    const { key: mallory } = await world.newKey({ principal: 'mallory', roles: ['admin'] });
    await rotate(dave.keyId, {}, mallory);
    expect(await makersOf(dave.keyId)).toEqual(['ada', 'bob', 'carol', 'mallory']);
    expect(again.status).toBe(200);
  });
});
