import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/domain/core/digest.ts';
import { effectKey } from '../../src/domain/core/ids.ts';
import type { ToolOutcome } from '../../src/domain/schemas/step.ts';
import { makeBlob, readBlobs } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/database.ts';
import { reserveEffect, settleEffect } from '../../src/store/effects.ts';
import type { ReserveRequest } from '../../src/store/effects.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import { openTestStore } from '../support/database.ts';
import { append, newRun, NOW, numbered, reservationOf, scope, storedRun, turns } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

/** One call of one new run, and what attempts at it do. */
async function oneCall() {
  const run = await storedRun(store);
  const key = effectKey(run.runId, 'call_1_0', 1);
  const reserve = async (nonce: string, changes: Partial<ReserveRequest> = {}) =>
    await reserveEffect(store, reservationOf(run, { nonce, ...changes }));
  const settle = (nonce: string, outcome: ToolOutcome = done, epoch = 1) =>
    settleEffect(store, { tenant: scope.tenant, effectKey: key, epoch, nonce, outcome, blobs: [result], nowMs: NOW });
  const end = () =>
    appendEvents(store, append(run, numbered([{ type: 'run.cancelled', at: NOW, data: { channel: 'api' } }])));
  return { run, key, reserve, settle, end };
}

const result = makeBlob({ refunded: true });
const done: ToolOutcome = { type: 'completed', resultRef: result.ref };
const broke: ToolOutcome = { type: 'failed', code: 'http_500', reasonRef: result.ref };

type Call = Awaited<ReturnType<typeof oneCall>>;

describe('reserve', () => {
  test.each<[string, (call: Call) => Promise<unknown>, Partial<ReserveRequest>, object]>([
    ['a fresh call', async () => {}, {}, { state: 'reserved', epoch: 1 }],
    ['its own reservation', (call) => call.reserve('mine'), {}, { state: 'reserved', epoch: 1 }],
    [
      'another attempt’s, not settled, effect once',
      (call) => call.reserve('other'),
      {},
      { state: 'outcome_unknown', epoch: 1, attemptNonce: 'other' },
    ],
    [
      'another attempt’s, not settled, effect idempotent',
      (call) => call.reserve('other', { effect: 'idempotent' }),
      { effect: 'idempotent' },
      { state: 'reserved', epoch: 1 },
    ],
    [
      'another attempt’s, not settled, effect none',
      (call) => call.reserve('other', { effect: 'none' }),
      { effect: 'none' },
      { state: 'reserved', epoch: 1 },
    ],
    [
      'another attempt’s that said once, whatever this one says',
      (call) => call.reserve('other'),
      { effect: 'idempotent' },
      { state: 'outcome_unknown', epoch: 1, attemptNonce: 'other' },
    ],
    [
      'settled by another',
      async (call) => {
        await call.reserve('other');
        await call.settle('other');
      },
      {},
      { state: 'settled', result: done },
    ],
    [
      'settled as failed',
      async (call) => {
        await call.reserve('other');
        await call.settle('other', broke);
      },
      {},
      { state: 'settled', result: broke },
    ],
    [
      'settled by itself',
      async (call) => {
        await call.reserve('mine');
        await call.settle('mine');
      },
      {},
      { state: 'settled', result: done },
    ],
    [
      'another call under the same key',
      (call) => call.reserve('mine'),
      { digest: digestOf('another call') },
      { state: 'digest_mismatch' },
    ],
    [
      'another call under a settled key',
      async (call) => {
        await call.reserve('mine');
        await call.settle('mine');
      },
      { digest: digestOf('another call') },
      { state: 'digest_mismatch' },
    ],
    ['a run that is over', (call) => call.end(), {}, { state: 'run_over', status: 'cancelled' }],
    [
      'a run that is over, the call reserved before',
      async (call) => {
        await call.reserve('mine');
        await call.end();
      },
      {},
      { state: 'run_over', status: 'cancelled' },
    ],
    [
      'a run that is over, the call settled before',
      async (call) => {
        await call.reserve('mine');
        await call.settle('mine');
        await call.end();
      },
      {},
      { state: 'settled', result: done },
    ],
  ])('%s', async (_, before, changes, expected) => {
    const call = await oneCall();
    await before(call);
    expect(await call.reserve('mine', changes)).toEqual(expected);
  });

  test('a run that is over reserves nothing', async () => {
    const call = await oneCall();
    await call.end();
    await call.reserve('mine');
    const { rows } = await store.pool.query('SELECT FROM effects WHERE effect_key = $1', [call.key]);
    expect(rows).toEqual([]);
  });

  test('ten attempts at once: for effect once exactly one may execute', async () => {
    const { reserve } = await oneCall();
    const nonces = Array.from({ length: 10 }, (_, index) => `attempt-${index}`);
    const states = await Promise.all(nonces.map(async (nonce) => (await reserve(nonce)).state));
    expect(states.toSorted()).toEqual([...Array.from({ length: 9 }, () => 'outcome_unknown'), 'reserved']);
  });

  test('the events that ride along are stored first, and once', async () => {
    const { run, reserve, key } = await oneCall();
    const request = reservationOf(run, { append: append(run, turns(1, 3)) });
    const answer = { state: 'reserved', epoch: 1 };
    expect(await reserveEffect(store, request)).toEqual(answer);
    expect(await reserveEffect(store, request)).toEqual(answer);
    expect(await readEvents(store, scope, run.runId, { after: 0, limit: 10 })).toHaveLength(3);

    await expect(reserve('mine', { append: append(run, turns(9, 9)), effectKey: `${key}1` })).rejects.toMatchObject({
      code: 'event_gap',
    });
    const { rows } = await store.pool.query('SELECT FROM effects WHERE effect_key = $1', [`${key}1`]);
    expect(rows).toEqual([]);
  });

  test('an unknown run reserves nothing', async () => {
    const { reserve } = await oneCall();
    await expect(reserve('mine', { append: append(newRun(), []) })).rejects.toMatchObject({ code: 'unknown_run' });
  });

  test('a key is its tenant’s own', async () => {
    const { reserve, key } = await oneCall();
    await reserve('mine');
    const foreign = await storedRun(store, { tenant: 'rival' });
    const theirs = reservationOf(foreign, { effectKey: key, digest: digestOf('other'), nonce: 'theirs' });
    const reservation = await reserveEffect(store, theirs);
    expect(reservation).toEqual({ state: 'reserved', epoch: 1 });
  });
});

describe('settle', () => {
  test('the bearer of the nonce settles, with the content; again is the same', async () => {
    const { reserve, settle } = await oneCall();
    await reserve('mine');
    expect(await settle('mine')).toEqual({ state: 'settled', wasUnknown: false });
    expect(await settle('mine')).toEqual({ state: 'settled', wasUnknown: false });
    expect((await readBlobs(store, scope.tenant, [result.ref.sha256])).get(result.ref.sha256)).toEqual({
      refunded: true,
    });
  });

  test.each<[string, (call: Call) => Promise<unknown>, object]>([
    ['without a reservation', (call) => call.settle('mine'), { state: 'late', resolved: false }],
    [
      'after another attempt took over',
      async (call) => {
        await call.reserve('mine', { effect: 'idempotent' });
        await call.reserve('other', { effect: 'idempotent' });
        return call.settle('mine');
      },
      { state: 'late', resolved: false },
    ],
    [
      'after another attempt took over and settled',
      async (call) => {
        await call.reserve('mine', { effect: 'idempotent' });
        await call.reserve('other', { effect: 'idempotent' });
        await call.settle('other');
        return call.settle('mine', broke);
      },
      { state: 'late', resolved: false, result: done },
    ],
    [
      'otherwise than before',
      async (call) => {
        await call.reserve('mine');
        await call.settle('mine');
        return call.settle('mine', broke);
      },
      { state: 'late', resolved: false, result: done },
    ],
    [
      'under another epoch',
      async (call) => {
        await call.reserve('mine');
        return call.settle('mine', done, 2);
      },
      { state: 'late', resolved: false },
    ],
    [
      'while another attempt calls the outcome unknown',
      async (call) => {
        await call.reserve('mine');
        await call.reserve('other');
        return call.settle('mine');
      },
      { state: 'settled', wasUnknown: true },
    ],
    [
      'after the run ended',
      async (call) => {
        await call.reserve('mine');
        await call.end();
        return call.settle('mine');
      },
      { state: 'settled', wasUnknown: false },
    ],
  ])('%s', async (_, attempt, expected) => {
    expect(await attempt(await oneCall())).toEqual(expected);
  });

  test('a late settlement resolves what was unknown', async () => {
    const { reserve, settle } = await oneCall();
    await reserve('mine');
    expect(await reserve('other')).toMatchObject({ state: 'outcome_unknown' });
    expect(await settle('mine')).toEqual({ state: 'settled', wasUnknown: true });
    // The answer was lost: the attempt settles once more, and hears the same.
    expect(await settle('mine')).toEqual({ state: 'settled', wasUnknown: true });
    expect(await reserve('other')).toEqual({ state: 'settled', result: done });
  });
});
