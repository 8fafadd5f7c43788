/** A dispatch that the gate has refused, and its attempts that were proven before. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/domain/core/digest.ts';
import { effectKey } from '../../src/domain/core/ids.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { makeBlob } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/database.ts';
import { reserveEffect, settleEffect } from '../../src/store/effects.ts';
import type { ReserveRequest } from '../../src/store/effects.ts';
import { appendEvents } from '../../src/store/events.ts';
import { refuseDispatch } from '../../src/store/refuse-dispatch.ts';
import { openTestStore } from '../support/database.ts';
import { NOW, append, approvalOf, numbered, reservationOf, scope, storedRun, turns } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const result = makeBlob({ refunded: true });

async function oneCall() {
  const run = await storedRun(store);
  const key = effectKey(run.runId, 'call_1_0', 1);
  const reserve = (nonce: string, changes: Partial<ReserveRequest> = {}) =>
    reserveEffect(store, reservationOf(run, { nonce, ...changes }));
  const refuse = (dispatch = '1', isRetry = false) =>
    refuseDispatch(store, {
      append: append(run, []),
      effectKey: key,
      digest: digestOf('call'),
      dispatch,
      isRetry,
      nowMs: NOW,
    });
  const settle = (nonce: string) =>
    settleEffect(store, {
      tenant: scope.tenant,
      effectKey: key,
      epoch: 1,
      nonce,
      outcome: { type: 'completed', resultRef: result.ref },
      blobs: [result],
      nowMs: NOW,
    });
  return { run, reserve, refuse, settle };
}

const settled = { state: 'settled', result: { type: 'completed', resultRef: result.ref } };

describe('B2 a refused dispatch', () => {
  test('reserves nothing, however often it is tried; another dispatch of the call does', async () => {
    const { reserve, refuse } = await oneCall();
    expect(await refuse()).toEqual({ state: 'refused' });
    expect(await refuse()).toEqual({ state: 'refused' });
    expect(await reserve('woken')).toEqual({ state: 'refused', code: 'dispatch_refused' });
    expect(await reserve('asked again', { dispatch: '2' })).toMatchObject({ state: 'reserved' });
  });

  test('that has an outcome has it, whatever stands against it now', async () => {
    const { reserve, refuse, settle } = await oneCall();
    await reserve('done');
    await settle('done');
    expect(await refuse()).toEqual(settled);
    expect(await reserve('again')).toMatchObject(settled);
  });

  test('that may have run has an unknown outcome, and a frozen attempt takes nothing over', async () => {
    const { reserve, refuse, settle } = await oneCall();
    await reserve('lost', { effect: 'idempotent' });
    expect(await refuse()).toEqual({ state: 'outcome_unknown', epoch: 1 });
    expect(await reserve('frozen', { effect: 'idempotent' })).toEqual({ state: 'refused', code: 'dispatch_refused' });
    expect(await settle('lost')).toEqual({ state: 'settled', wasUnknown: true });
  });

  test('that an operator has ordered after an unknown outcome says so', async () => {
    const { reserve, refuse } = await oneCall();
    await reserve('lost');
    expect(await refuse('2', true)).toEqual({ state: 'refused' });
    expect(await reserve('frozen', { dispatch: '2', retryEpoch: 2, effect: 'idempotent' })).toMatchObject({
      state: 'refused',
    });
  });

  test('refused and reserved at once: one of the two, and the refusal knows which', async () => {
    const rounds = Array.from({ length: 20 }, async () => {
      const { reserve, refuse } = await oneCall();
      const [reservation, refusal] = await Promise.all([reserve('mine'), refuse()]);
      return `${reservation.state} ${refusal.state}`;
    });
    for (const outcome of await Promise.all(rounds))
      expect(['reserved outcome_unknown', 'refused refused']).toContain(outcome);
  });
});

describe('B2 B9 what has become of the call since the gate proved it', () => {
  const asked = (run: Parameters<typeof approvalOf>[0]) => approvalOf(run);
  const ended = (type: 'approval.withdrawn' | 'approval.expired', run: Parameters<typeof approvalOf>[0]): RunEvent => {
    const { approvalId, revision } = asked(run);
    return { type, at: NOW, data: { approvalId, revision } };
  };

  test('its time to run is over', async () => {
    const { reserve } = await oneCall();
    expect(await reserve('late', { executeBy: NOW })).toEqual({ state: 'refused', code: 'execution_expired' });
    expect(await reserve('in time', { executeBy: NOW + 1 })).toMatchObject({ state: 'reserved' });
  });

  test.each(['approval.withdrawn', 'approval.expired'] as const)('%s', async (type) => {
    const { run, reserve } = await oneCall();
    const { approvalId, revision } = asked(run);
    const requested: RunEvent = { type: 'approval.requested', at: NOW, data: { approval: asked(run) } };
    await appendEvents(store, append(run, numbered([requested])));
    const request = { approval: { approvalId, revision } };
    await appendEvents(store, append(run, numbered([ended(type, run)], 2)));
    expect(await reserve('mine', request)).toEqual({ state: 'refused', code: 'approval_closed' });
  });

  test('another revision is asked for', async () => {
    const { run, reserve } = await oneCall();
    const next = { ...asked(run), revision: 2 };
    await appendEvents(
      store,
      append(run, numbered([{ type: 'approval.requested', at: NOW, data: { approval: next } }])),
    );
    const request = { approval: { approvalId: next.approvalId, revision: 1 } };
    expect(await reserve('mine', request)).toEqual({ state: 'refused', code: 'approval_closed' });
    expect(await reserve('mine', { approval: { ...request.approval, revision: 2 } })).toMatchObject({
      state: 'reserved',
    });
  });

  test('what rides along with it counts', async () => {
    const { run, reserve } = await oneCall();
    const requested: RunEvent = { type: 'approval.requested', at: NOW, data: { approval: asked(run) } };
    const { approvalId, revision } = asked(run);
    const events = [...turns(1, 1), ...numbered([requested, ended('approval.withdrawn', run)], 2)];
    const request = { append: append(run, events), approval: { approvalId, revision } };
    expect(await reserve('mine', request)).toEqual({ state: 'refused', code: 'approval_closed' });
  });
});
