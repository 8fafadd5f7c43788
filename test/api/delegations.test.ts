import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import type { Delegation } from '../../src/contract/delegations.ts';
import type { Page } from '../../src/contract/pagination.ts';
import type { Run } from '../../src/contract/runs.ts';
import { CommandClaims, StartCommand } from '../../src/domain/schemas/command.ts';
import { readAudit } from '../../src/store/audit-events.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { scriptedRun } from './run-script.ts';

let world: ApiWorld;
let ines: string;
beforeAll(async () => {
  world = await createApiWorld();
  ines = (await world.newKey({ principal: 'ines', roles: ['approver'], groups: ['finance', 'legal'] })).key;
});
afterAll(() => world[Symbol.asyncDispose]());

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
const delegate = (body: object, key = ines, headers = {}) =>
  world.call<Delegation & { code: string }>('POST', '/v1/delegations', {
    key,
    body: { to: 'max', until: inHours(8), ...body },
    headers,
  });
const end = (delegationId: string, key = ines) =>
  world.call<Delegation & { code: string }>('DELETE', `/v1/delegations/${delegationId}`, { key });
const listOf = async (key: string, query = '') =>
  (await world.call<Page<Delegation>>('GET', `/v1/delegations?limit=100${query}`, { key })).body.data;

/** An approval that only finance may decide. */
async function financeApproval(users?: string[], requester?: string) {
  const run = await scriptedRun(world, requester);
  const rule = { ...(users ? { users } : { groups: ['finance'] }), approvals: 1, rejections: 1 };
  const approval = await run.asks({
    verdict: {
      effect: 'ask',
      ruleId: 'finance',
      layer: 'agent',
      reason: 'Money.',
      risk: 'high',
      allowedDecisions: ['approve', 'reject'],
      approverRules: [{ ...rule, notRequester: false, reasonRequired: false }],
      decideWithinMs: 3_600_000,
      executeWithinMs: 600_000,
      onExpire: 'deny',
    },
  });
  const path = `/v1/runs/${run.runId}/approvals/${approval.key}`;
  return async (key: string) => (await world.call<Approval>('GET', path, { key })).body.viewer.canDecide;
}

describe('B10 delegation', () => {
  test('the other counts in one’s place where a rule names the group or the person, until it ends', async () => {
    const { key } = await world.newKey({ principal: 'mona', roles: ['approver'], groups: [] });
    const canDecide = await financeApproval();
    const canDecideAsInes = await financeApproval(['ines']);
    expect([await canDecide(key), await canDecideAsInes(key)]).toEqual([false, false]);
    const { status, headers, body } = await delegate({ to: 'mona' });
    expect([status, headers.get('location')]).toEqual([201, `/v1/delegations/${body.delegationId}`]);
    expect(body).toMatchObject({ from: 'ines', to: 'mona', groups: null, active: true });
    await waitFor('the delegation to be in effect', () => canDecide(key), { timeoutMs: 3_000 });
    expect(await canDecideAsInes(key)).toBe(true);
    const ended = await end(body.delegationId);
    expect([ended.status, ended.body.active, ended.body.endedBy]).toEqual([200, false, 'ines']);
    await waitFor('the delegation to be over', async () => !(await canDecide(key)), { timeoutMs: 3_000 });
    const again = await end(body.delegationId);
    expect(again.body.endedAt).toBe(ended.body.endedAt);
    const chain = await readAudit(world.store, scope.tenant, { after: 0, limit: 1_000 });
    const told = chain.filter((event) => JSON.stringify(event).includes(body.delegationId)).map(({ type }) => type);
    expect(told).toEqual(['delegation.created', 'delegation.ended']);
  });

  test('only the groups that are named are handed over', async () => {
    const { key } = await world.newKey({ principal: 'lena', roles: ['approver'], groups: [] });
    const canDecide = await financeApproval();
    expect((await delegate({ to: 'lena', groups: ['legal'] })).body.groups).toEqual(['legal']);
    expect((await delegate({ to: 'kai', groups: ['finance'] })).status).toBe(201);
    const { key: kai } = await world.newKey({ principal: 'kai', roles: ['approver'], groups: [] });
    expect(await canDecide(kai)).toBe(true);
    expect(await canDecide(key)).toBe(false);
  });

  test('nobody becomes an approver by it, and a service least of all', async () => {
    const { key } = await world.newKey({ principal: 'nora', roles: ['requester'], groups: [] });
    const robot = await world.newKey({ principal: 'robot', kind: 'service', groups: [] });
    await delegate({ to: 'nora' });
    await delegate({ to: 'robot' });
    const canDecide = await financeApproval(undefined, key);
    expect(await canDecide(robot.key)).toBe(false);
    expect(await canDecide(key)).toBe(false);
    // What a service signs names nobody whose part it would have taken over.
    const run = await scriptedRun(world);
    world.gateway.onCommand = () => 'run_over';
    const path = `/v1/runs/${run.runId}/block`;
    expect((await world.call('POST', path, { key: robot.key, body: { reason: 'Anomaly.' } })).status).toBe(410);
    const [, payload = ''] = world.gateway.commands.at(-1)?.command.jws.split('.') ?? [];
    const { actor } = CommandClaims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    expect(actor).toMatchObject({ principal: 'robot', groups: [] });
    expect(actor.delegatedFrom).toBeUndefined();
  });

  test('runs are started in one’s own name: what is delegated is not among the requester’s groups', async () => {
    const { key } = await world.newKey({ principal: 'dora', groups: ['support'] });
    await delegate({ to: 'dora' });
    const canDecide = await financeApproval();
    expect(await canDecide(key)).toBe(true);
    const { body } = await world.call<Run>('POST', '/v1/runs', { key, body: { agent: 'refunds', input: 'Go.' } });
    const start = world.gateway.starts.find(({ address }) => address.runId === body.runId);
    const command = StartCommand.parse(JSON.parse(start?.start.bytes ?? ''));
    expect(command.requester).toEqual({ principal: 'dora', groups: ['support'] });
    expect(start?.start.jws && Buffer.from(start.start.jws.split('.')[1] ?? '', 'base64url').toString()).not.toContain(
      'delegatedFrom',
    );
  });

  test('it is not handed on', async () => {
    const { key: quinn } = await world.newKey({ principal: 'quinn', roles: ['approver'], groups: [] });
    const { key: rolf } = await world.newKey({ principal: 'rolf', roles: ['approver'], groups: [] });
    await delegate({ to: 'quinn' });
    expect((await delegate({ to: 'rolf' }, quinn)).status).toBe(201);
    const canDecide = await financeApproval();
    expect([await canDecide(quinn), await canDecide(rolf)]).toEqual([true, false]);
    const refused = await delegate({ to: 'rolf', groups: ['finance'] }, quinn);
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid_delegation']);
  });

  test.each([
    ['to oneself', { to: 'ines' }, 422, 'invalid_delegation'],
    ['of a group that one is not in', { groups: ['board'] }, 422, 'invalid_delegation'],
    ['that is over already', { until: new Date(Date.now() - 1_000).toISOString() }, 422, 'invalid_period'],
    ['without end', { until: inHours(24 * 365) }, 422, 'invalid_period'],
    ['to nobody', { to: ' ' }, 400, 'invalid_request'],
    ['until some day', { until: 'some day' }, 400, 'invalid_request'],
    ['for somebody else', { from: 'max' }, 400, 'invalid_request'],
    ['of no group', { groups: [] }, 400, 'invalid_request'],
  ])('a delegation %s is refused', async (_what, body, status, code) => {
    const refused = await delegate(body);
    expect([refused.status, refused.body.code]).toEqual([status, code]);
  });

  test('S1.6 the same key delegates once; another body under it is 422', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const until = inHours(3);
    const first = await delegate({ until }, ines, headers);
    const again = await delegate({ until }, ines, headers);
    expect([again.status, again.body.delegationId]).toEqual([200, first.body.delegationId]);
    expect((await delegate({ until, to: 'moritz' }, ines, headers)).status).toBe(422);
  });

  test('one sees and ends one’s own, given and taken; operators all of the project', async () => {
    const { body } = await delegate({ to: 'uwe' });
    const giver = ines;
    const [taker, stranger, operator, foreign] = await Promise.all([
      world.newKey({ principal: 'uwe', roles: ['approver'] }).then(({ key }) => key),
      world.newKey({ principal: 'vera', roles: ['approver'] }).then(({ key }) => key),
      world.newKey({ principal: 'otto', roles: ['operator'] }).then(({ key }) => key),
      world.newKey({ principal: 'ines', tenant: 'foreign' }).then(({ key }) => key),
    ]);
    const sees = async (key: string) =>
      (await listOf(key)).some(({ delegationId }) => delegationId === body.delegationId);
    expect(await Promise.all([giver, taker, stranger, operator, foreign].map(sees))).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
    expect((await end(body.delegationId, stranger)).status).toBe(404);
    expect((await end(body.delegationId, foreign)).status).toBe(404);
    expect((await end(body.delegationId, operator)).body).toMatchObject({ active: false, endedBy: 'otto' });
    expect((await listOf(operator, '&active=true')).map(({ delegationId }) => delegationId)).not.toContain(
      body.delegationId,
    );
  });

  test('requesters and operators do not delegate deciding: it is not theirs', async () => {
    for (const roles of [['requester'], ['operator'], ['admin']] as const) {
      const { key } = await world.newKey({ principal: `a-${roles[0]}`, roles: [...roles] });
      expect((await delegate({}, key)).status).toBe(403);
    }
  });
});
