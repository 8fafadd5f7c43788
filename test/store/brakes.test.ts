// S4 Brakes: checked in the very transaction that reserves.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeBlob } from '../../src/store/blobs.ts';
import { addBypass, endBypass, listBrakes, listBypasses, releaseBrake, setBrake } from '../../src/store/brakes.ts';
import type { BrakeRow, BypassRow } from '../../src/store/brakes.ts';
import { verifyChain } from '../../src/store/chain.ts';
import type { Store } from '../../src/store/database.ts';
import { reserveEffect, settleEffect } from '../../src/store/effects.ts';
import type { ReserveRequest } from '../../src/store/effects.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { openTestStore } from '../support/database.ts';
import { append, NOW, numbered, reservationOf, scope, storedRun, turns } from './fixtures.ts';
import { brakeOn, bypassOf } from './changes.ts';
import { TOLD } from '../support/told.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

let count = 0;
/** A tenant of the test's own, so that no other test's brakes hold. */
async function tenantWithRun() {
  count += 1;
  const tenant = `tenant-${count}`;
  const run = await storedRun(store, { tenant });
  const reserve = async (changes: Partial<ReserveRequest> = {}) =>
    await reserveEffect(store, reservationOf(run, changes));
  return { tenant, run, reserve };
}

const eventsOf = async (run: RunRow) => {
  const events = await readEvents(store, run, run.runId, { after: 0, limit: 100 });
  expect(verifyChain(run.runId, events)).toMatchObject({ ok: true });
  return events;
};

describe('S4 a brake', () => {
  test.each<[string, Partial<BrakeRow>, boolean]>([
    ['on the tenant', {}, true],
    ['on the project', { project: scope.project }, true],
    ['on another project', { project: 'ops' }, false],
    ['on the agent', { agent: 'refunds' }, true],
    ['on another agent', { agent: 'notes' }, false],
    ['on the tool', { tool: 'refund' }, true],
    ['on another tool', { tool: 'email' }, false],
    ['on agent and tool', { project: scope.project, agent: 'refunds', tool: 'refund' }, true],
    ['on the tool of another agent', { agent: 'notes', tool: 'refund' }, false],
  ])('%s: holds as it says', async (_, changes, holds) => {
    const { tenant, run, reserve } = await tenantWithRun();
    await setBrake(store, brakeOn(tenant, changes), TOLD);
    const braked = { state: 'braked', brakeId: 'brake-1' };
    expect(await reserve()).toEqual(holds ? braked : { state: 'reserved', epoch: 1 });
    const { rows } = await store.pool.query('SELECT FROM effects WHERE run_id = $1', [run.runId]);
    expect(rows).toHaveLength(holds ? 0 : 1);
  });

  test('is its tenant’s own', async () => {
    const { tenant } = await tenantWithRun();
    await setBrake(store, brakeOn(tenant), TOLD);
    const { reserve } = await tenantWithRun();
    expect(await reserve()).toEqual({ state: 'reserved', epoch: 1 });
  });

  test('keeps the events that ride along, and lets the call go on once it is released', async () => {
    const { tenant, run, reserve } = await tenantWithRun();
    await setBrake(store, brakeOn(tenant), TOLD);
    const held = await reserveEffect(store, reservationOf(run, { append: append(run, turns(1, 2)) }));
    expect(held).toEqual({ state: 'braked', brakeId: 'brake-1' });
    expect(await releaseBrake(store, tenant, 'brake-1', { principal: 'olga', nowMs: NOW + 5 }, TOLD)).toMatchObject({
      releasedAt: NOW + 5,
      releasedBy: 'olga',
    });
    expect(await releaseBrake(store, tenant, 'brake-1', { principal: 'olga', nowMs: NOW + 6 }, TOLD)).toBeUndefined();
    expect(await reserve()).toEqual({ state: 'reserved', epoch: 1 });
  });

  test.each<[string, Partial<ReserveRequest>, object]>([
    ['what is reserved is', { nonce: 'mine' }, { state: 'reserved', epoch: 1 }],
    ['what is unknown is', { nonce: 'other' }, { state: 'outcome_unknown', epoch: 1, attemptNonce: 'mine' }],
    ['nothing is tried again', { nonce: 'other', retryEpoch: 2 }, { state: 'braked', brakeId: 'brake-1' }],
  ])('put on afterwards: %s', async (_, changes, expected) => {
    const { tenant, reserve } = await tenantWithRun();
    await reserve();
    await setBrake(store, brakeOn(tenant), TOLD);
    expect(await reserve(changes)).toEqual(expected);
  });

  test('put on afterwards: an idempotent call is not taken over, a settled one is told', async () => {
    const { tenant, run, reserve } = await tenantWithRun();
    const effect = 'idempotent';
    const { effectKey } = reservationOf(run);
    await reserve({ effect });
    await setBrake(store, brakeOn(tenant), TOLD);
    expect(await reserve({ effect, nonce: 'other' })).toEqual({ state: 'braked', brakeId: 'brake-1' });
    const blob = makeBlob('done');
    const outcome = { type: 'completed', resultRef: blob.ref } as const;
    await settleEffect(store, { tenant, effectKey, epoch: 1, nonce: 'mine', outcome, blobs: [blob], nowMs: NOW });
    expect(await reserve({ effect, nonce: 'other' })).toEqual({ state: 'settled', result: outcome });
  });

  test('a run that is over is told so, brake or not', async () => {
    const { tenant, run, reserve } = await tenantWithRun();
    await setBrake(store, brakeOn(tenant), TOLD);
    await appendEvents(store, append(run, numbered([{ type: 'run.cancelled', at: NOW, data: { channel: 'api' } }])));
    expect(await reserve()).toEqual({ state: 'run_over', status: 'cancelled' });
  });

  test('is listed; the first one under an id stands', async () => {
    const { tenant } = await tenantWithRun();
    const first = brakeOn(tenant);
    const second = brakeOn(tenant, { brakeId: 'brake-2', createdAt: NOW + 1, tool: 'email' });
    await setBrake(store, first, TOLD);
    await setBrake(store, { ...first, reason: 'Another.' }, TOLD);
    await setBrake(store, second, TOLD);
    expect(await listBrakes(store, tenant)).toEqual([second, first]);
    const released = await releaseBrake(store, tenant, 'brake-1', { principal: 'oscar', nowMs: NOW + 2 }, TOLD);
    expect(await listBrakes(store, tenant, { active: true })).toEqual([second]);
    expect(await listBrakes(store, tenant, { active: false })).toEqual([released]);
  });
});

describe('S4 a bypass', () => {
  test.each<[string, Partial<BypassRow>, boolean]>([
    ['for everything', {}, true],
    ['for the run', { project: scope.project, agent: 'refunds', tool: 'refund' }, true],
    ['for another run', { runId: 'run_other' }, false],
    ['for another tool', { tool: 'email' }, false],
    ['for another agent', { agent: 'notes' }, false],
    ['for another project', { project: 'ops' }, false],
    ['of another brake', { brakeId: 'brake-2' }, false],
    ['that is over', { until: NOW }, false],
    ['that was ended', { endedAt: NOW - 1 }, false],
  ])('%s: lets through as it says', async (_, changes, passes) => {
    const { tenant, reserve } = await tenantWithRun();
    await setBrake(store, brakeOn(tenant), TOLD);
    await addBypass(store, bypassOf(tenant, changes), TOLD);
    const bypass = { brakeId: 'brake-1', bypassId: 'bypass-1' };
    expect(await reserve()).toEqual(
      passes ? { state: 'reserved', epoch: 1, bypass } : { state: 'braked', brakeId: 'brake-1' },
    );
  });

  test('every call that it lets through is told in the run’s chain, once an attempt', async () => {
    const { tenant, run, reserve } = await tenantWithRun();
    await setBrake(store, brakeOn(tenant), TOLD);
    await setBrake(store, brakeOn(tenant, { brakeId: 'brake-2', createdAt: NOW + 1, tool: 'refund' }), TOLD);
    await addBypass(store, bypassOf(tenant), TOLD);
    expect(await reserve()).toEqual({ state: 'braked', brakeId: 'brake-2' });
    await addBypass(store, bypassOf(tenant, { bypassId: 'bypass-2', brakeId: 'brake-2' }), TOLD);
    await reserve();
    await reserve();
    const told = (await eventsOf(run)).map(({ type, origin, ordinal, data }) => ({ type, origin, ordinal, data }));
    const origin = `bypass:${reservationOf(run).effectKey}:mine`;
    const call = { tool: 'refund', toolCallId: 'call_1_0' };
    expect(told).toEqual([
      { type: 'brake.bypassed', origin, ordinal: 1, data: { ...call, brakeId: 'brake-1', bypassId: 'bypass-1' } },
      { type: 'brake.bypassed', origin, ordinal: 2, data: { ...call, brakeId: 'brake-2', bypassId: 'bypass-2' } },
    ]);
  });

  test('ends once; the brake holds again', async () => {
    const { tenant, reserve } = await tenantWithRun();
    await setBrake(store, brakeOn(tenant), TOLD);
    await addBypass(store, bypassOf(tenant), TOLD);
    const by = { principal: 'oscar', nowMs: NOW + 1 };
    expect(await endBypass(store, tenant, 'bypass-1', by, TOLD)).toEqual(bypassOf(tenant, { endedAt: NOW + 1 }));
    expect(await endBypass(store, tenant, 'bypass-1', by, TOLD)).toBeUndefined();
    expect(await reserve()).toEqual({ state: 'braked', brakeId: 'brake-1' });
    expect(await listBypasses(store, tenant, 'brake-1')).toEqual([bypassOf(tenant, { endedAt: NOW + 1 })]);
    expect(await listBypasses(store, scope.tenant, 'brake-1')).toEqual([]);
  });
});

describe('a brake against dispatches', () => {
  test('once it is on, no reservation that began before is still under way, and none begins', async () => {
    const { tenant, run } = await tenantWithRun();
    // A reservation that has looked for brakes and found none, and is not committed yet.
    const slow = await store.pool.connect();
    try {
      await slow.query('BEGIN');
      const before = await reserveEffect({ ...store, pool: slow as unknown as Store['pool'] }, reservationOf(run));
      expect(before).toMatchObject({ state: 'reserved' });
      let isOn = false;
      const putOn = async () => {
        await setBrake(store, brakeOn(tenant), TOLD);
        isOn = true;
      };
      const setting = putOn();
      await waitUntilBlocked();
      expect(isOn).toBe(false);
      await slow.query('COMMIT');
      await setting;
    } finally {
      slow.release();
    }
    const reservation = await reserveEffect(store, reservationOf(run, { toolCallId: 'call_1_1' }));
    expect(reservation).toEqual({ state: 'braked', brakeId: 'brake-1' });
  });

  test('in the midst of many: whoever asks after it was put on is held', async () => {
    const { tenant } = await tenantWithRun();
    let isOn = false;
    const work = Array.from({ length: 8 }, async (_worker, worker) => {
      const seen = [];
      for (let round = 0; round < 6; round += 1) {
        const run = await storedRun(store, { tenant });
        if (worker === 3 && round === 2) {
          await setBrake(store, brakeOn(tenant), TOLD);
          isOn = true;
        }
        const askedAfter = isOn;
        const reservation = await reserveEffect(store, reservationOf(run));
        seen.push({ askedAfter, state: reservation.state });
      }
      return seen;
    });
    const outcomes = (await Promise.all(work)).flat();
    const after = outcomes.filter(({ askedAfter }) => askedAfter);
    expect(after.length).toBeGreaterThan(4);
    expect(after.filter(({ state }) => state !== 'braked')).toEqual([]);
    expect(outcomes[0]?.state).toBe('reserved');
  });
});

/** Until a statement of this database waits for an advisory lock. */
async function waitUntilBlocked(): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { rows } = await store.pool.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
          AND wait_event = 'advisory'`,
    );
    if (rows.length > 0) return;
    if (Date.now() > deadline) throw new Error('nothing waits');
  }
}
