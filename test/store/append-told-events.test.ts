/** A task that was lost after it had stored its events, and the one that took its place and found more to tell. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { appendToldEvents, reserveToldEffect } from '../../src/store/append-told-events.ts';
import { getApproval } from '../../src/store/approvals.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import { getRun } from '../../src/store/run-rows.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { openTestStore } from '../support/database.ts';
import { NOW, actor, append, approvalOf, numbered, reservationOf, scope, storedRun } from './fixtures.ts';

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
const completed: RunEvent = { type: 'run.completed', at: NOW, data: { receipts: [] } };
const blocked: RunEvent = { type: 'run.blocked', at: NOW, data: { code: 'blocked', detail: 'x', commandId: 'cmd_1' } };
const usage = (number: number): RunEvent => ({
  type: 'usage.recorded',
  at: NOW,
  data: { turn: number, inputTokens: 1, outputTokens: 1 },
});
const heardLater = { ...heard, at: NOW + 9 };

const lost = numbered([turn, heard, suspended]);
const again = numbered([turn, cancelRequested, heardLater, cancelled]);

/** A task of the run's first execution; `local` steps run before Temporal has recorded it. */
const byTask = (historyLength: number, kind: 'local' | 'recorded' = 'local') => ({
  task: { startedAt: NOW, historyLength, isRecorded: kind === 'recorded' },
});
const told = (run: RunRow) => readEvents(store, scope, run.runId, { after: 0, limit: 100 });
const typesOf = async (run: RunRow) => (await told(run)).map(({ type }) => type);

describe('B3 S3.4 events of a task that took the place of a lost one', () => {
  test('are stored, each once, in their order; the run ends as the workflow says', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, lost));
    const answers = await Promise.all([1, 2, 3].map(() => appendToldEvents(store, append(run, again))));
    expect(answers.map(({ acknowledged }) => acknowledged)).toEqual([4, 4, 4]);
    expect((await told(run)).map(({ type, origin, ordinal }) => `${origin} ${ordinal} ${type}`)).toEqual([
      'workflow 1 turn.started',
      'workflow 2 message.completed',
      'workflow 3 run.suspended',
      'workflow.again 1 run.cancel_requested',
      'workflow.again 2 run.cancelled',
    ]);
    expect(await getRun(store, scope, run.runId)).toMatchObject({ status: 'cancelled' });
    expect(await verifyStoredChain(store, scope, run.runId)).toMatchObject({ ok: true });
  });

  test('go on under their own numbers from there, though the lost task had used some of them', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, lost));
    await appendToldEvents(store, append(run, numbered([turn, blocked])));
    // The lost task told something else under 3: this is new all the same.
    expect(await appendToldEvents(store, append(run, numbered([usage(1)], 3)))).toEqual({ acknowledged: 3 });
    expect(await appendToldEvents(store, append(run, numbered([blocked, usage(1), usage(2)], 2)))).toEqual({
      acknowledged: 4,
    });
    const types = await typesOf(run);
    expect(types.slice(3)).toEqual(['run.blocked', 'usage.recorded', 'usage.recorded']);
  });

  test('a second task is lost, and a third tells it otherwise again', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, lost));
    await appendToldEvents(store, append(run, numbered([turn, blocked, usage(1)])));
    await appendToldEvents(store, append(run, numbered([turn, heard, blocked, usage(2)])));
    await appendToldEvents(store, append(run, numbered([turn, heard, blocked, usage(2)])));
    expect((await typesOf(run)).slice(3)).toEqual(['run.blocked', 'usage.recorded', 'usage.recorded']);
  });

  test('ride along with a reservation, too', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, lost));
    const request = { ...reservationOf(run), append: append(run, numbered([turn, blocked, heardLater])) };
    expect(await reserveToldEffect(store, request)).toMatchObject({
      acknowledged: 3,
      reservation: { state: 'reserved' },
    });
  });

  test('acknowledge no more than was told: a lost task may have told more', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, lost));
    expect(await appendToldEvents(store, append(run, numbered([turn, heard])))).toEqual({ acknowledged: 2 });
  });

  test('a status that only the lost task told does not stay', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, lost));
    expect(await getRun(store, scope, run.runId)).toMatchObject({ status: 'suspended' });
    await appendToldEvents(store, append(run, numbered([turn, heard, usage(1)])));
    expect(await getRun(store, scope, run.runId)).toMatchObject({ status: 'running' });
  });

  test('B9 a decision in time stands, though a lost task has told that the time was over', async () => {
    const run = await storedRun(store);
    const approval = approvalOf(run);
    const { approvalId, revision, digest } = approval;
    const requested: RunEvent = { type: 'approval.requested', at: NOW, data: { approval } };
    const expired: RunEvent = { type: 'approval.expired', at: NOW + 9, data: { approvalId, revision } };
    const decided: RunEvent = {
      type: 'approval.decided',
      at: NOW + 8,
      data: {
        ...{ approvalId, revision, digest, decisionId: 'decision-1', signatureId: 'jti-1', channel: 'api' as const },
        ...{ decision: 'approve', status: 'approved', actor: actor('grace') },
      },
    };
    await appendEvents(store, append(run, numbered([turn, requested, expired])));
    await appendToldEvents(store, append(run, numbered([turn, requested, decided])));
    expect(await getApproval(store, scope, approvalId)).toMatchObject({ status: 'approved' });
  });
});

describe('B3 a task that was taken for lost and wakes', () => {
  test('tells nothing any more, be it new or not', async () => {
    const run = await storedRun(store);
    await appendToldEvents(store, { ...append(run, numbered([turn, heard])), ...byTask(12) });
    const stale = appendToldEvents(store, { ...append(run, numbered([turn, heard, completed])), ...byTask(9) });
    await expect(stale).rejects.toMatchObject({ code: 'stale_task' });
    expect(await typesOf(run)).toEqual(['turn.started', 'message.completed']);
  });

  test('nor where its successor had the same to tell, only later', async () => {
    const run = await storedRun(store);
    await appendToldEvents(store, { ...append(run, numbered([turn, heard])), ...byTask(9) });
    await appendToldEvents(store, { ...append(run, numbered([turn, heardLater])), ...byTask(12) });
    const stale = appendToldEvents(store, { ...append(run, numbered([completed], 3)), ...byTask(9) });
    await expect(stale).rejects.toMatchObject({ code: 'stale_task' });
  });

  test('nor after the two have told different things', async () => {
    const run = await storedRun(store);
    await appendToldEvents(store, { ...append(run, numbered([turn, suspended])), ...byTask(9) });
    await appendToldEvents(store, { ...append(run, numbered([turn, blocked])), ...byTask(12) });
    const stale = appendToldEvents(store, { ...append(run, numbered([turn, suspended, usage(1)])), ...byTask(9) });
    await expect(stale).rejects.toMatchObject({ code: 'stale_task' });
    expect(await getRun(store, scope, run.runId)).toMatchObject({ status: 'needs_attention' });
  });

  test('what Temporal has recorded is believed, whenever it comes', async () => {
    const run = await storedRun(store);
    await appendToldEvents(store, { ...append(run, numbered([turn, heard, suspended])), ...byTask(12) });
    const earlier = { ...append(run, numbered([turn, heard])), ...byTask(9, 'recorded') };
    expect(await appendToldEvents(store, earlier)).toEqual({ acknowledged: 2 });
    const other = { ...append(run, numbered([turn, blocked])), ...byTask(9, 'recorded') };
    expect(await appendToldEvents(store, other)).toEqual({ acknowledged: 2 });
    expect((await typesOf(run)).at(-1)).toBe('run.blocked');
  });
});

describe('S2.2 a run that has ended', () => {
  test('stays as it ended: its workflow hears of it when it has more to tell', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, numbered([turn, heard, completed])));
    for (const more of [again, numbered([turn, heard, completed, usage(1)])])
      await expect(appendToldEvents(store, append(run, more))).rejects.toMatchObject({ code: 'run_over' });
    expect(await getRun(store, scope, run.runId)).toMatchObject({ status: 'completed' });
    expect(await typesOf(run)).toHaveLength(3);
  });

  test('the same end again is no other end', async () => {
    const run = await storedRun(store);
    const end = append(run, numbered([turn, heard, completed]));
    expect(await appendToldEvents(store, end)).toEqual({ acknowledged: 3 });
    const later = append(run, numbered([turn, heardLater, { ...completed, at: NOW + 9 }]));
    expect(await appendToldEvents(store, later)).toEqual({ acknowledged: 3 });
  });
});
