import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Brake, BrakeBypass, BrakeDetail } from '../../src/contract/brakes.ts';
import type { Page } from '../../src/contract/pagination.ts';
import { readAudit } from '../../src/store/audit-events.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

let world: ApiWorld;
let operator: string;
let admin: string;
beforeAll(async () => {
  world = await createApiWorld();
  operator = (await world.newKey({ principal: 'otto', roles: ['operator'] })).key;
  admin = (await world.newKey({ principal: 'adele', roles: ['admin'] })).key;
});
afterAll(() => world[Symbol.asyncDispose]());

const reason = 'Refunds go to the wrong account.';
const set = (body: object = {}, key = operator, headers = {}) =>
  world.call<Brake & { code: string }>('POST', '/v1/brakes', { key, body: { reason, ...body }, headers });
const get = (brakeId: string, key = operator) =>
  world.call<BrakeDetail & { code: string }>('GET', `/v1/brakes/${brakeId}`, { key });
const release = (brakeId: string, key = operator) =>
  world.call<Brake & { code: string }>('DELETE', `/v1/brakes/${brakeId}`, { key });
const bypass = (brakeId: string, body: object, key = operator, headers = {}) =>
  world.call<BrakeBypass & { code: string }>('POST', `/v1/brakes/${brakeId}/bypasses`, {
    key,
    body: { reason: 'One order must go out.', minutes: 5, scope: { tool: 'refund' }, ...body },
    headers,
  });

/** What the tenant's chain has of a thing. */
async function audited(id: string): Promise<string[]> {
  const events = await readAudit(world.store, scope.tenant, { after: 0, limit: 1_000 });
  return events.filter((event) => JSON.stringify(event).includes(id)).map((event) => event.type);
}

describe('B18 brakes', () => {
  test('an operator puts one on and takes it off again; both are in the audit chain, once', async () => {
    const { status, headers, body } = await set({ agent: 'refunds', tool: 'refund' });
    expect([status, headers.get('location')]).toEqual([201, `/v1/brakes/${body.brakeId}`]);
    expect(body).toMatchObject({ scope: 'project', project: 'shop', agent: 'refunds', tool: 'refund', active: true });
    expect((await get(body.brakeId)).body).toMatchObject({ ...body, bypasses: [] });
    const released = await release(body.brakeId);
    expect(released.body).toMatchObject({ active: false, releasedBy: 'otto' });
    const again = await release(body.brakeId);
    expect([again.status, again.body.releasedAt]).toEqual([200, released.body.releasedAt]);
    expect(await audited(body.brakeId)).toEqual(['brake.set', 'brake.released']);
  });

  test('the reason is for operators: it is not in the chain', async () => {
    const { body } = await set({ reason: 'Canary-7731' });
    const events = await readAudit(world.store, scope.tenant, { after: 0, limit: 1_000 });
    expect(JSON.stringify(events)).toContain(body.brakeId);
    expect(JSON.stringify(events)).not.toContain('Canary-7731');
  });

  test('what holds for the whole tenant is an admin’s to set, to release and to bypass', async () => {
    const refused = await set({ scope: 'tenant' });
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    const { status, body } = await set({ scope: 'tenant' }, admin);
    expect([status, body.scope, body.project]).toEqual([201, 'tenant', null]);
    expect((await get(body.brakeId)).status).toBe(200);
    expect((await release(body.brakeId)).status).toBe(403);
    expect((await bypass(body.brakeId, {})).status).toBe(403);
    expect((await bypass(body.brakeId, {}, admin)).status).toBe(201);
    expect((await release(body.brakeId, admin)).status).toBe(200);
  });

  test('another project’s brake, and another tenant’s, is as unknown as none', async () => {
    const { body } = await set();
    const elsewhere = await world.newKey({ principal: 'olga', roles: ['operator', 'admin'], projects: ['other'] });
    const foreign = await world.newKey({ principal: 'finn', roles: ['operator', 'admin'], tenant: 'foreign' });
    for (const { key } of [elsewhere, foreign]) {
      expect((await get(body.brakeId, key)).status).toBe(404);
      expect((await release(body.brakeId, key)).status).toBe(404);
      const list = await world.call<Page<Brake>>('GET', '/v1/brakes', { key });
      expect(list.body.data.map(({ brakeId }) => brakeId)).not.toContain(body.brakeId);
    }
  });

  test('lists newest first, by whether they are on, in pages', async () => {
    const ids = [];
    for (let number = 0; number < 3; number += 1) ids.unshift((await set()).body.brakeId);
    await release(ids[1] ?? '');
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await world.call<Page<Brake>>('GET', `/v1/brakes?limit=2${query}`, { key: operator });
      seen.push(...body.data.map(({ brakeId }) => brakeId));
      cursor = body.nextCursor;
    }
    expect(seen.slice(0, 3)).toEqual(ids);
    expect(new Set(seen).size).toBe(seen.length);
    const on = await world.call<Page<Brake>>('GET', '/v1/brakes?active=true&limit=100', { key: operator });
    expect(on.body.data.map(({ brakeId }) => brakeId)).not.toContain(ids[1]);
    expect(on.body.data.every(({ active }) => active)).toBe(true);
  });

  test('S1.6 the same key is one brake; another body under it is 422', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await set({ tool: 'refund' }, operator, headers);
    const again = await set({ tool: 'refund' }, operator, headers);
    expect([again.status, again.body.brakeId]).toEqual([200, first.body.brakeId]);
    expect(await audited(first.body.brakeId)).toEqual(['brake.set']);
    const other = await set({ tool: 'take_back' }, operator, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
  });

  test('S1.6 the same key many times at once is one brake, told once', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => set({ tool: 'refund' }, operator, headers)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    const [brakeId, ...others] = new Set(answers.map(({ body }) => body.brakeId));
    expect(others).toEqual([]);
    expect(await audited(brakeId ?? '')).toEqual(['brake.set']);
  });

  test.each([
    ['no reason', { reason: undefined }, 400],
    ['a blank reason', { reason: '  ' }, 400],
    ['an unknown field', { until: 'tomorrow' }, 400],
    ['a malformed agent', { agent: 'No Such' }, 400],
    ['an agent that nobody has', { agent: 'no-such-agent' }, 422],
  ])('%s is refused', async (_what, body, status) => {
    expect((await set(body)).status).toBe(status);
  });

  test.each(['requester', 'approver', 'auditor'] as const)('a mere %s may look, and no more', async (role) => {
    const { key } = await world.newKey({ principal: `mere-${role}`, roles: [role] });
    const { body } = await set();
    expect((await get(body.brakeId, key)).status).toBe(200);
    expect((await set({}, key)).status).toBe(403);
    expect((await release(body.brakeId, key)).status).toBe(403);
    expect((await bypass(body.brakeId, {}, key)).status).toBe(403);
  });

  test('a service may put one on; taking it off, or going around it, is a person’s', async () => {
    const { key } = await world.newKey({ principal: 'monitor', kind: 'service', roles: ['operator'] });
    const { status, body } = await set({}, key);
    expect(status).toBe(201);
    const refused = await release(body.brakeId, key);
    expect([refused.status, refused.body.code]).toEqual([403, 'service_cannot_decide']);
    expect((await bypass(body.brakeId, {}, key)).status).toBe(403);
  });
});

describe('B18 bypasses', () => {
  test('are of the project, boxed in time, listed and audited', async () => {
    const { body: brake } = await set();
    const { status, body } = await bypass(brake.brakeId, { minutes: 60 });
    expect(status).toBe(201);
    expect(body).toMatchObject({ project: 'shop', tool: 'refund', agent: null, runId: null, active: true });
    expect(Date.parse(body.until) - Date.parse(body.createdAt)).toBe(3_600_000);
    expect((await get(brake.brakeId)).body.bypasses).toEqual([body]);
    const path = `/v1/brakes/${brake.brakeId}/bypasses/${body.bypassId}`;
    const ended = await world.call<BrakeBypass>('DELETE', path, { key: operator });
    expect([ended.status, ended.body.active]).toEqual([200, false]);
    const again = await world.call<BrakeBypass>('DELETE', path, { key: operator });
    expect([again.status, again.body.endedAt]).toEqual([200, ended.body.endedAt]);
    expect(await audited(body.bypassId)).toEqual(['brake.bypass_added', 'brake.bypass_ended']);
  });

  test('S1.6 the same key opens one; another body under it is 422', async () => {
    const { body: brake } = await set();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await bypass(brake.brakeId, {}, operator, headers);
    const again = await bypass(brake.brakeId, {}, operator, headers);
    expect([again.status, again.body.bypassId]).toEqual([200, first.body.bypassId]);
    expect((await bypass(brake.brakeId, { minutes: 6 }, operator, headers)).status).toBe(422);
  });

  test.each([
    ['longer than an hour', { minutes: 61 }],
    ['no time at all', { minutes: 0 }],
    ['half a minute', { minutes: 0.5 }],
    ['around everything', { scope: {} }],
    ['no scope', { scope: undefined }],
    ['a blank reason', { reason: ' ' }],
  ])('%s is 400', async (_what, body) => {
    const { body: brake } = await set();
    expect((await bypass(brake.brakeId, body)).status).toBe(400);
    expect((await get(brake.brakeId)).body.bypasses).toEqual([]);
  });

  test('of a released brake there is none', async () => {
    const { body: brake } = await set();
    await release(brake.brakeId);
    const refused = await bypass(brake.brakeId, {});
    expect([refused.status, refused.body.code]).toEqual([409, 'brake_released']);
    const unknown = await world.call('DELETE', `/v1/brakes/${brake.brakeId}/bypasses/byp_${'a'.repeat(26)}`);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'bypass_not_found']);
  });
});
