// S4 Grants: proposed with a decision, live once it has won, used up in the ledger's transaction.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/domain/core/digest.ts';
import type { EventOf, RunEvent } from '../../src/domain/schemas/event.ts';
import { readBlobs } from '../../src/store/blobs.ts';
import { verifyChain } from '../../src/store/chain.ts';
import type { Store } from '../../src/store/database.ts';
import { reserveEffect } from '../../src/store/effects.ts';
import type { ReserveRequest } from '../../src/store/effects.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import {
  candidateGrants,
  createGrant,
  getGrant,
  listGrants,
  proposeGrant,
  revokeGrant,
} from '../../src/store/grants.ts';
import type { GrantRow } from '../../src/store/grants.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { openTestStore } from '../support/database.ts';
import { actor, append, approvalOf, NOW, numbered, otherScopes, reservationOf, scope, storedRun } from './fixtures.ts';
import { constraints, grantOf } from './changes.ts';
import { TOLD } from '../support/told.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

async function liveGrant(changes: Partial<GrantRow> = {}): Promise<GrantRow> {
  const grant = grantOf(changes);
  expect(await createGrant(store, grant, [constraints], TOLD)).toBe(true);
  return { ...grant, state: 'live' };
}

const reserve = async (run: RunRow, grantId: string, changes: Partial<ReserveRequest> = {}) =>
  await reserveEffect(store, reservationOf(run, { grantId, ...changes }));

const usesOf = async (grantId: string) => (await getGrant(store, scope, grantId))?.uses;
const revoke = (grantId: string) => revokeGrant(store, scope, grantId, { principal: 'oscar', nowMs: NOW + 9 }, TOLD);

describe('S4 a grant that came with a decision', () => {
  const decisionOf = (
    run: RunRow,
    grantId: string,
    changes: Partial<EventOf<'approval.decided'>['data']> = {},
  ): RunEvent => ({
    type: 'approval.decided',
    at: NOW + 5,
    data: {
      approvalId: approvalOf(run).approvalId,
      revision: 1,
      decisionId: 'd1',
      decision: 'approve',
      status: 'approved',
      digest: approvalOf(run).digest,
      actor: actor('grace'),
      channel: 'api',
      signatureId: 'jti_1',
      executeBy: NOW + 600_000,
      grantId,
      ...changes,
    },
  });
  const voided = (run: RunRow): RunEvent => ({
    type: 'decision.refused',
    at: NOW + 7,
    data: {
      approvalId: approvalOf(run).approvalId,
      revision: 1,
      decisionId: 'd1',
      code: 'bad_signature',
      voided: true,
    },
  });
  const anotherWins = (run: RunRow, grantId: string) => decisionOf(run, grantId, { decisionId: 'd2' });

  test.each<[string, (run: RunRow, grantId: string) => RunEvent[], GrantRow['state']]>([
    ['lives once the decision has won', (run, id) => [decisionOf(run, id)], 'live'],
    ['not before', () => [], 'proposed'],
    ['not by another decision', (run, id) => [anotherWins(run, id)], 'proposed'],
    ['not by one that came second', (run, id) => [anotherWins(run, 'none'), decisionOf(run, id)], 'proposed'],
    ['not by one that rejects', (run, id) => [decisionOf(run, id, { status: 'rejected' })], 'proposed'],
    ['ends with a decision that was void', (run, id) => [decisionOf(run, id), voided(run)], 'revoked'],
  ])('%s', async (_, events, state) => {
    const run = await storedRun(store);
    const grant = grantOf({ decisionId: 'd1', runId: run.runId });
    expect(await proposeGrant(store, grant, [constraints])).toBe(true);
    const requested: RunEvent = { type: 'approval.requested', at: NOW, data: { approval: approvalOf(run) } };
    await appendEvents(store, append(run, numbered([requested, ...events(run, grant.grantId)])));
    expect(await getGrant(store, scope, grant.grantId)).toMatchObject({ state, revokedBy: null });
    const expected = state === 'live' ? 'reserved' : 'grant_unusable';
    expect(await reserve(run, grant.grantId, { toolCallId: 'call_2_0' })).toMatchObject({ state: expected });
  });

  test('is not made live by another run', async () => {
    const [run, other] = [await storedRun(store), await storedRun(store)];
    const { grantId } = grantOf();
    await proposeGrant(store, grantOf({ grantId, decisionId: 'd1', runId: run.runId }), [constraints]);
    const requested: RunEvent = { type: 'approval.requested', at: NOW, data: { approval: approvalOf(other) } };
    await appendEvents(store, append(other, numbered([requested, decisionOf(other, grantId)])));
    expect(await getGrant(store, scope, grantId)).toMatchObject({ state: 'proposed' });
  });

  test('the first proposal under an id stands, and its constraints are kept', async () => {
    const grant = grantOf({ decisionId: 'd1', runId: 'run' });
    await proposeGrant(store, grant, [constraints]);
    expect(await proposeGrant(store, { ...grant, maxUses: 999 }, [])).toBe(false);
    expect(await createGrant(store, grant, [], TOLD)).toBe(false);
    expect(await getGrant(store, scope, grant.grantId)).toEqual(grant);
    const { sha256 } = constraints.ref;
    expect((await readBlobs(store, scope.tenant, [sha256])).has(sha256)).toBe(true);
  });
});

describe('S4 a use', () => {
  test('is taken once a call, and told in the run’s chain', async () => {
    const run = await storedRun(store);
    const { grantId } = await liveGrant();
    const taken = { state: 'reserved', epoch: 1, grant: { uses: 1, maxUses: 2 } };
    expect(await reserve(run, grantId)).toEqual(taken);
    expect(await reserve(run, grantId)).toEqual(taken);
    expect(await usesOf(grantId)).toBe(1);
    const second = { state: 'reserved', epoch: 1, grant: { uses: 2, maxUses: 2 } };
    expect(await reserve(run, grantId, { toolCallId: 'call_1_1' })).toEqual(second);
    expect(await reserve(run, grantId, { toolCallId: 'call_1_2' })).toEqual({ state: 'grant_unusable' });

    const events = await readEvents(store, scope, run.runId, { after: 0, limit: 10 });
    expect(verifyChain(run.runId, events)).toMatchObject({ ok: true });
    const told = events.map(({ type, at, data }) => ({ type, at, data }));
    const used = (toolCallId: string, uses: number) => ({
      type: 'grant.used',
      at: NOW,
      data: { grantId, uses, maxUses: 2, tool: 'refund', toolCallId },
    });
    expect(told).toEqual([used('call_1_0', 1), used('call_1_1', 2)]);
  });

  test.each<[string, Partial<GrantRow>]>([
    ['run out', { expiresAt: NOW }],
    ['of another tool', { tool: 'email' }],
    ['of another project', { project: 'ops' }],
    ['of another tenant', { tenant: 'rival' }],
  ])('is not taken of a grant that is %s, and nothing is reserved', async (_, changes) => {
    const run = await storedRun(store);
    const { grantId } = await liveGrant(changes);
    expect(await reserve(run, grantId)).toEqual({ state: 'grant_unusable' });
    expect(await reserve(run, 'grant-unknown')).toEqual({ state: 'grant_unusable' });
    const { rows } = await store.pool.query('SELECT FROM effects WHERE run_id = $1', [run.runId]);
    expect(rows).toEqual([]);
    expect(await readEvents(store, scope, run.runId, { after: 0, limit: 10 })).toEqual([]);
  });

  test('is not taken of a revoked grant', async () => {
    const run = await storedRun(store);
    const grant = await liveGrant();
    expect(await revoke(grant.grantId)).toEqual({ ...grant, state: 'revoked', revokedAt: NOW + 9, revokedBy: 'oscar' });
    expect(await revoke(grant.grantId)).toBeUndefined();
    expect(await reserve(run, grant.grantId)).toEqual({ state: 'grant_unusable' });
  });

  test('is not given back, nor taken again, where another attempt goes on with an idempotent call', async () => {
    const run = await storedRun(store);
    const { grantId } = await liveGrant({ maxUses: 1 });
    await reserve(run, grantId, { effect: 'idempotent', nonce: 'first' });
    const again = { state: 'reserved', epoch: 1, grant: { uses: 1, maxUses: 1 } };
    expect(await reserve(run, grantId, { effect: 'idempotent', nonce: 'second' })).toEqual(again);
    await revoke(grantId);
    const third = await reserve(run, grantId, { effect: 'idempotent', nonce: 'third' });
    expect(third).toEqual({ state: 'grant_unusable' });
    expect(await usesOf(grantId)).toBe(1);
  });

  test('the same for a try that an operator has ordered', async () => {
    const run = await storedRun(store);
    const { grantId } = await liveGrant({ maxUses: 1 });
    await reserve(run, grantId, { nonce: 'lost' });
    const retried = await reserve(run, grantId, { nonce: 'again', retryEpoch: 2 });
    expect(retried).toEqual({ state: 'reserved', epoch: 2, grant: { uses: 1, maxUses: 1 } });
    await revoke(grantId);
    const next = await reserve(run, grantId, { nonce: 'third', retryEpoch: 3 });
    expect(next).toEqual({ state: 'grant_unusable' });
    // Nothing has changed: the attempt of epoch 2 may still settle.
    expect(await reserve(run, grantId, { nonce: 'again' })).toMatchObject({ state: 'reserved', epoch: 2 });
  });

  test('the last one, wanted by two runs at once, is one run’s', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { grantId } = await liveGrant({ maxUses: 1 });
      const runs = await Promise.all(Array.from({ length: 4 }, () => storedRun(store)));
      const states = await Promise.all(runs.map(async (run) => (await reserve(run, grantId)).state));
      expect(states.toSorted()).toEqual(['grant_unusable', 'grant_unusable', 'grant_unusable', 'reserved']);
      expect(await usesOf(grantId)).toBe(1);
    }
  });

  test('against its revocation: once that is done, none is taken', async () => {
    const { grantId } = await liveGrant({ maxUses: 1_000 });
    let isRevoked = false;
    const work = Array.from({ length: 8 }, async (_worker, worker) => {
      const seen = [];
      for (let round = 0; round < 6; round += 1) {
        const run = await storedRun(store);
        if (worker === 3 && round === 2) {
          await revoke(grantId);
          isRevoked = true;
        }
        const askedAfter = isRevoked;
        seen.push({ askedAfter, state: (await reserve(run, grantId)).state });
      }
      return seen;
    });
    const taken = (await Promise.all(work)).flat();
    const after = taken.filter(({ askedAfter }) => askedAfter);
    expect(after.length).toBeGreaterThan(4);
    expect(after.filter(({ state }) => state !== 'grant_unusable')).toEqual([]);
    expect(await usesOf(grantId)).toBe(taken.filter(({ state }) => state === 'reserved').length);
  });
});

describe('S4 which grants may cover a run', () => {
  const requester = 'candida';
  const agentDigest = digestOf('agent');
  const of = (run: Partial<Parameters<typeof candidateGrants>[2]> = {}) => ({
    requester,
    agentDigest,
    policyDigest: digestOf('policy'),
    runId: 'run_1',
    conversationId: 'talk',
    nowMs: NOW,
    ...run,
  });

  test('live ones of its requester, agent, policy and scope, with uses left, the first to expire first', async () => {
    const late = await liveGrant({ requester, expiresAt: NOW + 90_000 });
    const soon = await liveGrant({ requester, expiresAt: NOW + 10 });
    const ofRun = await liveGrant({ requester, scope: 'run', scopeId: 'run_1', expiresAt: NOW + 20 });
    const ofTalk = await liveGrant({ requester, scope: 'conversation', scopeId: 'talk', expiresAt: NOW + 30 });
    await liveGrant({ requester, scope: 'run', scopeId: 'run_2' });
    await liveGrant({ requester, scope: 'conversation', scopeId: 'chat' });
    await liveGrant({ requester, expiresAt: NOW });
    await liveGrant({ requester, agentDigest: digestOf('agent 2') });
    await liveGrant({ requester, policyDigest: digestOf('policy 2') });
    await liveGrant({ requester: 'bob' });
    await proposeGrant(store, grantOf({ requester }), [constraints]);
    await revoke((await liveGrant({ requester })).grantId);
    const spent = await liveGrant({ requester, maxUses: 1 });
    await reserve(await storedRun(store), spent.grantId);

    expect(await candidateGrants(store, scope, of())).toEqual([soon, ofRun, ofTalk, late]);
    expect(await candidateGrants(store, scope, of({ conversationId: null }))).toEqual([soon, ofRun, late]);
    for (const other of otherScopes) expect(await candidateGrants(store, other, of())).toEqual([]);
  });
});

describe('S4 lists', () => {
  test('newest first, in pages, filtered, of the project only', async () => {
    const tool = 'listed';
    const first = await liveGrant({ tool });
    const second = await liveGrant({ tool, agent: 'notes' });
    const third = grantOf({ tool, requester: 'bob' });
    await proposeGrant(store, third, [constraints]);
    const list = (filter: object) => listGrants(store, scope, { tool, limit: 10, ...filter });
    expect(await list({})).toEqual([third, second, first]);
    expect(await list({ limit: 2 })).toEqual([third, second]);
    expect(await list({ cursor: second })).toEqual([first]);
    expect(await list({ agent: 'notes' })).toEqual([second]);
    expect(await list({ requester: 'bob' })).toEqual([third]);
    expect(await list({ state: 'live' })).toEqual([second, first]);
    for (const other of otherScopes) {
      expect(await listGrants(store, other, { tool, limit: 10 })).toEqual([]);
      expect(await getGrant(store, other, first.grantId)).toBeUndefined();
      expect(await revokeGrant(store, other, first.grantId, { principal: 'eve', nowMs: NOW }, TOLD)).toBeUndefined();
    }
  });
});
