// S4 An operator says how an attempt ended whose outcome nobody knows, or has it tried again.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { effectKey } from '../../src/domain/core/ids.ts';
import type { EventOf } from '../../src/domain/schemas/event.ts';
import type { ToolOutcome } from '../../src/domain/schemas/step.ts';
import { makeBlob } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/database.ts';
import { reserveEffect, settleEffect } from '../../src/store/effects.ts';
import type { ReserveRequest } from '../../src/store/effects.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { openTestStore } from '../support/database.ts';
import { actor, append, NOW, numbered, reservationOf, scope, storedRun } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const result = makeBlob({ refunded: true });
const said = makeBlob({ result: 'refunded by hand' }).ref;
const reason = makeBlob({ text: 'The bank says no.' }).ref;
const done: ToolOutcome = { type: 'completed', resultRef: result.ref };
const saidDone = { state: 'settled', suppliedBy: 'person', result: { type: 'completed', resultRef: said } };
const saidFailed = {
  state: 'settled',
  suppliedBy: 'person',
  result: { type: 'failed', code: 'failed_by_operator', reasonRef: reason },
};

/** A call whose first attempt has not reported, and that another attempt has found so. */
async function unknownCall() {
  const run = await storedRun(store);
  const key = effectKey(run.runId, 'call_1_0', 1);
  let ordinal = 0;
  const reserve = async (nonce: string, changes: Partial<ReserveRequest> = {}) =>
    await reserveEffect(store, reservationOf(run, { nonce, ...changes }));
  const settle = (nonce: string, epoch = 1) =>
    settleEffect(store, {
      tenant: scope.tenant,
      effectKey: key,
      epoch,
      nonce,
      outcome: done,
      blobs: [result],
      nowMs: NOW,
    });
  const resolve = (
    resolution: EventOf<'effect.resolved'>['data']['resolution'],
    changes: Partial<EventOf<'effect.resolved'>['data']> = {},
  ) => {
    ordinal += 1;
    const data = {
      toolCallId: 'call_1_0',
      tool: 'refund',
      actor: actor('oscar'),
      channel: 'api' as const,
      signatureId: 'jti_1',
      commandId: 'cmd_1',
      effectKey: key,
      epoch: 1,
      resolution,
      reasonRef: reason,
      ...(resolution === 'mark_done' && { resultRef: said }),
      ...changes,
    };
    return appendEvents(store, append(run, numbered([{ type: 'effect.resolved', at: NOW + 5, data }], ordinal)));
  };
  await reserve('lost');
  await reserve('finder');
  return { run, key, reserve, settle, resolve };
}
type Call = Awaited<ReturnType<typeof unknownCall>>;

describe('an operator’s word settles the attempt', () => {
  test.each<[string, (call: Call) => Promise<unknown>, object]>([
    ['mark_done', (call) => call.resolve('mark_done'), saidDone],
    ['fail', (call) => call.resolve('fail'), saidFailed],
    [
      'the first word stands',
      async (call) => {
        await call.resolve('fail');
        await call.resolve('mark_done');
      },
      saidFailed,
    ],
    [
      'the attempt’s own word, where it came before',
      async (call) => {
        await call.settle('lost');
        await call.resolve('mark_done');
      },
      { state: 'settled', result: done },
    ],
    [
      'not of another epoch',
      (call) => call.resolve('mark_done', { epoch: 2 }),
      { state: 'outcome_unknown', epoch: 1, attemptNonce: 'lost' },
    ],
    [
      'nor of another run’s call',
      async (call) => {
        const other = await unknownCall();
        await other.resolve('mark_done', { effectKey: call.key });
      },
      { state: 'outcome_unknown', epoch: 1, attemptNonce: 'lost' },
    ],
    [
      'retry settles nothing',
      (call) => call.resolve('retry'),
      { state: 'outcome_unknown', epoch: 1, attemptNonce: 'lost' },
    ],
  ])('%s', async (_, act, expected) => {
    const call = await unknownCall();
    await act(call);
    expect(await call.reserve('next')).toEqual(expected);
  });

  test('the attempt that reports afterwards is late, and changes nothing', async () => {
    const call = await unknownCall();
    await call.resolve('mark_done');
    const standing = { type: 'completed', resultRef: said };
    expect(await call.settle('lost')).toEqual({ state: 'late', resolved: true, result: standing });
    expect(await call.reserve('next')).toEqual(saidDone);
  });

  test('the attempt and the operator at once: one of them is heard, and both know which', async () => {
    for (let round = 0; round < 20; round += 1) {
      const call = await unknownCall();
      const [settled] = await Promise.all([call.settle('lost'), call.resolve('mark_done')]);
      const stands = await call.reserve('next');
      if (settled.state === 'settled') expect(stands).toEqual({ state: 'settled', result: done });
      else expect([settled.resolved, stands]).toEqual([true, saidDone]);
    }
  });
});

describe('retry takes over just the attempt that it is about', () => {
  test('it is the next epoch; the old attempt is late from then on', async () => {
    const call = await unknownCall();
    expect(await call.reserve('again', { retryEpoch: 2 })).toEqual({ state: 'reserved', epoch: 2 });
    expect(await call.settle('lost')).toEqual({ state: 'late', resolved: true });
    expect(await call.settle('again', 2)).toEqual({ state: 'settled', wasUnknown: false });
    expect(await call.reserve('next', { retryEpoch: 2 })).toEqual({ state: 'settled', result: done });
  });

  test('the same attempt asks again and hears the same; for another one the order is spent', async () => {
    const call = await unknownCall();
    await call.reserve('again', { retryEpoch: 2 });
    expect(await call.reserve('again', { retryEpoch: 2 })).toEqual({ state: 'reserved', epoch: 2 });
    const unknown = { state: 'outcome_unknown', epoch: 2, attemptNonce: 'again' };
    expect(await call.reserve('other', { retryEpoch: 2 })).toEqual(unknown);
    expect(await call.reserve('other')).toEqual(unknown);
    expect(await call.reserve('other', { retryEpoch: 3 })).toEqual({ state: 'reserved', epoch: 3 });
  });

  test.each([
    ['of an epoch that is not there yet', 3, { state: 'outcome_unknown', epoch: 1, attemptNonce: 'lost' }],
    ['of none', 1, { state: 'outcome_unknown', epoch: 1, attemptNonce: 'lost' }],
  ])('an order %s takes over nothing', async (_, retryEpoch, expected) => {
    const call = await unknownCall();
    expect(await call.reserve('again', { retryEpoch })).toEqual(expected);
  });

  test('where the ledger has lost the attempt, nobody guesses', async () => {
    const run = await storedRun(store);
    const reservation = await reserveEffect(store, reservationOf(run, { retryEpoch: 2 }));
    expect(reservation).toEqual({ state: 'outcome_unknown', epoch: 1, attemptNonce: '' });
    const { rows } = await store.pool.query('SELECT FROM effects WHERE run_id = $1', [run.runId]);
    expect(rows).toEqual([]);
  });

  test('B3 what the attempt has reported before the resolution is stored stands in the ledger, and is told once', async () => {
    const call = await unknownCall();
    expect(await call.settle('lost')).toMatchObject({ state: 'settled', wasUnknown: true });
    await call.resolve('fail');
    await call.resolve('fail', { commandId: 'cmd_2' });
    expect(await call.reserve('later')).toEqual({ state: 'settled', result: done });
    const told = await readEvents(store, scope, call.run.runId, { after: 0, limit: 100 });
    expect(told.filter(({ type }) => type === 'effect.late')).toMatchObject([
      { data: { toolCallId: 'call_1_0', tool: 'refund', effectKey: call.key, epoch: 1, outcome: 'completed' } },
    ]);
    expect(await verifyStoredChain(store, scope, call.run.runId)).toMatchObject({ ok: true });
  });

  test('of ten attempts that follow the order at once, one may execute', async () => {
    const call = await unknownCall();
    const attempts = Array.from({ length: 10 }, (_, index) => call.reserve(`again-${index}`, { retryEpoch: 2 }));
    const states = (await Promise.all(attempts)).map(({ state }) => state);
    expect(states.toSorted()).toEqual([...Array.from({ length: 9 }, () => 'outcome_unknown'), 'reserved']);
  });

  test('the old attempt and the retry at once: either it is heard and nothing runs again, or it is late', async () => {
    for (let round = 0; round < 20; round += 1) {
      const call = await unknownCall();
      const [settled, retried] = await Promise.all([call.settle('lost'), call.reserve('again', { retryEpoch: 2 })]);
      const outcome = `${settled.state}/${retried.state}`;
      expect(['settled/settled', 'late/reserved']).toContain(outcome);
    }
  });
});
