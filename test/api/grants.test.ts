import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Grant } from '../../src/contract/grants.ts';
import type { Page } from '../../src/contract/pagination.ts';
import { GrantCommand } from '../../src/domain/schemas/command.ts';
import { readAudit } from '../../src/store/audit-events.ts';
import { getGrant } from '../../src/store/grants.ts';
import { scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { agentDigestOf } from './definition.ts';
import { PAYMENTS, createPaymentsWorld, obedientRun, putPayments } from './obedient-run.ts';

let world: ApiWorld;
let operator: string;
let requester: string;
beforeAll(async () => {
  ({ world, operator, requester } = await createPaymentsWorld());
});
afterAll(() => world[Symbol.asyncDispose]());

const constraints = { '/order': { any: true }, '/amount': { max: 50 } };
const wanted = {
  scope: 'agent',
  agent: PAYMENTS,
  requester: 'rita',
  tool: 'refund',
  constraints,
  ttl: '8h',
  uses: 10,
};
const create = (body: object = {}, key = operator, headers = {}) =>
  world.call<Grant & { code: string }>('POST', '/v1/grants', { key, body: { ...wanted, ...body }, headers });
const get = (grantId: string, key = operator) =>
  world.call<Grant & { code: string }>('GET', `/v1/grants/${grantId}`, { key });

async function audited(id: string): Promise<string[]> {
  const events = await readAudit(world.store, scope.tenant, { after: 0, limit: 1_000 });
  return events.filter((event) => JSON.stringify(event).includes(id)).map((event) => event.type);
}

describe('B11 grants by operators', () => {
  test('live at once, bound to agent, policy, tool and requester, signed and audited', async () => {
    const { status, headers, body } = await create();
    expect([status, headers.get('location')]).toEqual([201, `/v1/grants/${body.grantId}`]);
    expect(body).toMatchObject({ status: 'live', usage: 'used 0 of 10', requester: 'rita', constraints });
    expect(body).toMatchObject({ createdBy: 'otto', decisionId: null, runId: null });
    expect(Date.parse(body.expiresAt) - Date.parse(body.createdAt)).toBe(8 * 3_600_000);
    const row = await getGrant(world.store, scope, body.grantId);
    const command = GrantCommand.parse(JSON.parse(row?.signed.bytes ?? ''));
    expect(command).toMatchObject({
      grantId: body.grantId,
      agentDigest: body.agentDigest,
      policyDigest: body.policyDigest,
      definitionDigest: body.definitionDigest,
    });
    expect(await audited(body.grantId)).toEqual(['grant.created']);
    expect((await get(body.grantId)).body).toEqual(body);
  });

  test('of scope run it is bound to what that run has pinned', async () => {
    const run = await obedientRun(world, requester);
    const given = { scope: 'run', runId: run.runId, agent: undefined, requester: undefined };
    const { status, body } = await create(given);
    expect([status, body.runId, body.requester, body.agent]).toEqual([201, run.runId, 'rita', PAYMENTS]);
    await run.does({ type: 'cancel', channel: 'temporal' });
    expect((await create(given)).body.code).toBe('run_over');
    const unknown = await create({ ...given, runId: `run_${'a'.repeat(26)}` });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'run_not_found']);
  });

  test('of scope conversation it names the conversation', async () => {
    const { status, body } = await create({ scope: 'conversation', conversationId: 'ticket-7' });
    expect([status, body.conversationId, body.runId]).toEqual([201, 'ticket-7', null]);
  });

  test('a change of the agent voids it, and people see that', async () => {
    const { body } = await create();
    const before = await putPayments(world, { instructions: 'Be kinder.' });
    expect(agentDigestOf(before)).not.toBe(body.agentDigest);
    expect((await get(body.grantId)).body.status).toBe('void');
    await putPayments(world);
    expect((await get(body.grantId)).body.status).toBe('live');
  });

  test('"used 7 of 10", then used up; past its end it is expired', async () => {
    const { body } = await create();
    const change = (column: string, value: number) =>
      world.store.pool.query(`UPDATE grants SET ${column} = $2 WHERE grant_id = $1`, [body.grantId, value]);
    await change('uses', 7);
    expect((await get(body.grantId)).body).toMatchObject({ status: 'live', usage: 'used 7 of 10', uses: 7 });
    await change('uses', 10);
    expect((await get(body.grantId)).body.status).toBe('used_up');
    await change('expires_at', Date.now() - 1);
    expect((await get(body.grantId)).body.status).toBe('expired');
  });

  test('revoked once, whoever says it again', async () => {
    const { body } = await create();
    const path = `/v1/grants/${body.grantId}`;
    const revoked = await world.call<Grant>('DELETE', path, { key: operator });
    expect([revoked.status, revoked.body.status, revoked.body.revokedBy]).toEqual([200, 'revoked', 'otto']);
    const again = await world.call<Grant>('DELETE', path);
    expect([again.status, again.body.revokedBy]).toEqual([200, 'otto']);
    expect(await audited(body.grantId)).toEqual(['grant.created', 'grant.revoked']);
  });

  test('S1.6 the same key is one grant; another body under it is 422', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await create({}, operator, headers);
    const again = await create({ constraints: { '/amount': { max: 50 }, '/order': { any: true } } }, operator, headers);
    expect([again.status, again.body.grantId]).toEqual([200, first.body.grantId]);
    for (const body of [
      { uses: 11 },
      { ttl: '9h' },
      { constraints: { '/amount': { max: 51 } } },
      { requester: 'bob' },
    ]) {
      const other = await create(body, operator, headers);
      expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
    }
    expect(await audited(first.body.grantId)).toEqual(['grant.created']);
  });

  test.each([
    ['a conversation with scope agent', { conversationId: 'ticket-1' }, 400, 'invalid_request'],
    ['scope run without a run', { scope: 'run' }, 400, 'invalid_request'],
    ['no agent', { agent: undefined }, 400, 'invalid_request'],
    ['no uses', { uses: 0 }, 400, 'invalid_request'],
    ['an agent that nobody has', { agent: 'no-such-agent' }, 422, 'unknown_agent'],
    ['a tool that the agent has not', { tool: 'deploy' }, 422, 'unknown_tool'],
    ['a question to people', { tool: 'ask_user' }, 422, 'unknown_tool'],
    ['a year and a day', { ttl: '366d' }, 422, 'invalid_period'],
    ['no constraints', { constraints: {} }, 422, 'invalid_constraints'],
    ['a condition of no kind', { constraints: { '/amount': { below: 7 } } }, 422, 'invalid_constraints'],
    ['a place that is none', { constraints: { amount: { any: true } } }, 422, 'invalid_constraints'],
    ['an empty range', { constraints: { '/amount': { min: 7, max: 6 } } }, 422, 'invalid_constraints'],
  ])('%s is refused', async (_what, body, status, code) => {
    const refused = await create(body);
    expect([refused.status, refused.body.code]).toEqual([status, code]);
  });
});

describe('B11 who sees and makes grants', () => {
  test('a requester sees what covers their own runs, and makes none', async () => {
    const own = await create();
    const others = await create({ requester: 'bob' });
    expect((await get(own.body.grantId, requester)).status).toBe(200);
    const hidden = await get(others.body.grantId, requester);
    expect([hidden.status, hidden.body.code]).toEqual([404, 'grant_not_found']);
    const { body } = await world.call<Page<Grant>>('GET', '/v1/grants?limit=100', { key: requester });
    expect(body.data.length).toBeGreaterThan(0);
    expect(body.data.every((grant) => grant.requester === 'rita')).toBe(true);
    expect((await create({}, requester)).status).toBe(403);
    expect((await world.call('DELETE', `/v1/grants/${own.body.grantId}`, { key: requester })).status).toBe(403);
  });

  test('a service grants nothing, whatever its roles', async () => {
    const { key } = await world.newKey({ principal: 'robot', kind: 'service' });
    const refused = await create({}, key);
    expect([refused.status, refused.body.code]).toEqual([403, 'service_cannot_decide']);
  });

  test('other projects and tenants see nothing of it', async () => {
    const { body } = await create();
    for (const changes of [{ projects: ['other'] }, { tenant: 'foreign' }]) {
      const { key } = await world.newKey({ principal: 'otto', ...changes });
      expect((await get(body.grantId, key)).status).toBe(404);
    }
  });

  test('lists newest first, in pages, by every filter', async () => {
    const ids = [];
    for (let number = 0; number < 3; number += 1) ids.unshift((await create({ requester: 'paula' })).body.grantId);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const path = `/v1/grants?requester=paula&agent=${PAYMENTS}&tool=refund&state=live&limit=2${query}`;
      const { body } = await world.call<Page<Grant>>('GET', path, { key: operator });
      seen.push(...body.data.map(({ grantId }) => grantId));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(ids);
  });
});
