/** A task that was lost after it had stored its events, and the one that took its place and found more to tell. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { appendWorkflowEvents, reserveWorkflowEffect } from '../../src/store/append-again.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import { getRun } from '../../src/store/run-rows.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { openTestStore } from '../support/database.ts';
import { NOW, append, numbered, reservationOf, scope, storedRun } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const turn: RunEvent = { type: 'turn.started', at: NOW, data: { turn: 1 } };
const heard: RunEvent = {
  type: 'message.completed',
  at: NOW,
  data: { turn: 1, messageRef: { sha256: 'a'.repeat(64), bytes: 1 }, finishReason: 'tool-calls', calls: [] },
};
const suspended: RunEvent = { type: 'run.suspended', at: NOW, data: {} };
const cancelRequested: RunEvent = { type: 'run.cancel_requested', at: NOW + 9, data: { channel: 'api' } };
const cancelled: RunEvent = { type: 'run.cancelled', at: NOW + 9, data: { channel: 'api' } };
const heardLater = { ...heard, at: NOW + 9 };

const lost = numbered([turn, heard, suspended]);
const again = numbered([turn, cancelRequested, heardLater, cancelled]);

describe('B3 S3.4 events of a task that took the place of a lost one', () => {
  test('are stored, each once, in their order; the run ends as the workflow says', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, lost));
    await expect(appendEvents(store, append(run, again))).rejects.toMatchObject({ code: 'event_conflict' });
    const answers = await Promise.all([1, 2, 3].map(() => appendWorkflowEvents(store, append(run, again))));
    expect(answers.map(({ acknowledged }) => acknowledged)).toEqual([4, 4, 4]);
    const read = await readEvents(store, scope, run.runId, { after: 0, limit: 100 });
    expect(read.map(({ type, origin }) => `${origin} ${type}`)).toEqual([
      'workflow turn.started',
      'workflow message.completed',
      'workflow run.suspended',
      'workflow.again run.cancel_requested',
      'workflow.again run.cancelled',
    ]);
    expect(await getRun(store, scope, run.runId)).toMatchObject({ status: 'cancelled' });
    expect(await verifyStoredChain(store, scope, run.runId)).toMatchObject({ ok: true });
  });

  test('go on under their own numbers from there', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, lost));
    const blocked: RunEvent = {
      type: 'run.blocked',
      at: NOW,
      data: { code: 'blocked', detail: 'x', commandId: 'cmd_1' },
    };
    const known = numbered([turn, blocked, heardLater, suspended]);
    await appendWorkflowEvents(store, append(run, known));
    const more: RunEvent = { type: 'usage.recorded', at: NOW, data: { turn: 1, inputTokens: 1, outputTokens: 1 } };
    const next = [{ ordinal: 5, event: more }];
    expect(await appendWorkflowEvents(store, append(run, next))).toMatchObject({ acknowledged: 5 });
    const types = (await readEvents(store, scope, run.runId, { after: 0, limit: 100 })).map(({ type }) => type);
    expect(types.filter((type) => type === 'run.blocked')).toHaveLength(1);
    expect(types.at(-1)).toBe('usage.recorded');
  });

  test('ride along with a reservation, too', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, lost));
    const blocked: RunEvent = {
      type: 'run.blocked',
      at: NOW,
      data: { code: 'blocked', detail: 'x', commandId: 'cmd_1' },
    };
    const request = { ...reservationOf(run), append: append(run, numbered([turn, blocked, heardLater])) };
    expect(await reserveWorkflowEffect(store, request)).toMatchObject({
      acknowledged: 3,
      reservation: { state: 'reserved' },
    });
  });
});
