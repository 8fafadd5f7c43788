import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import type { Store } from '../../src/store/database.ts';
import { appendDelta, clearDeltas, openMessage } from '../../src/store/deltas.ts';
import { appendEvents } from '../../src/store/events.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { openTestStore } from '../support/database.ts';
import { append, NOW, numbered, otherScopes, scope, storedRun } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const write = (run: RunRow, turn: number, attempt: number, offset: number, text: string) =>
  appendDelta(store, { ...scope, rootRunId: run.rootRunId, runId: run.runId, turn, attempt, offset, text, nowMs: NOW });
const rowsOf = async (run: RunRow) =>
  (await store.pool.query('SELECT FROM message_deltas WHERE run_id = $1', [run.runId])).rowCount;
const completed = (run: RunRow, turn: number): RunEvent => ({
  type: 'message.completed',
  at: NOW,
  data: { turn, messageRef: run.inputRef, finishReason: 'stop', calls: [] },
});

test('an open message grows, and is gone when its completion is stored; late pieces are not taken', async () => {
  const run = await storedRun(store);
  expect(await openMessage(store, scope, run.runId)).toBeUndefined();
  expect(await write(run, 1, 1, 0, 'Refund')).toBe(true);
  expect(await write(run, 1, 1, 6, 'ing \u0000 🙂')).toBe(true);
  expect(await write(run, 1, 1, 6, 'ing')).toBe(false);
  expect(await openMessage(store, scope, run.runId)).toEqual({ turn: 1, attempt: 1, text: 'Refunding \uFFFD 🙂' });

  await appendEvents(store, append(run, numbered([completed(run, 1)])));
  expect(await openMessage(store, scope, run.runId)).toBeUndefined();
  expect(await rowsOf(run)).toBe(0);
  expect(await write(run, 1, 1, 14, 'late')).toBe(false);
  expect(await write(run, 2, 1, 0, 'next')).toBe(true);
  expect(await openMessage(store, scope, run.runId)).toEqual({ turn: 2, attempt: 1, text: 'next' });
});

test('the newest attempt is what is being written; a restart forgets what was', async () => {
  const run = await storedRun(store);
  await write(run, 1, 1, 0, 'first try, long');
  await write(run, 1, 2, 0, 'second');
  expect(await openMessage(store, scope, run.runId)).toEqual({ turn: 1, attempt: 2, text: 'second' });
  const restarted: RunEvent = { type: 'message.restarted', at: NOW, data: { turn: 1, code: 'overloaded' } };
  await appendEvents(store, append(run, numbered([restarted])));
  expect(await openMessage(store, scope, run.runId)).toBeUndefined();
});

test('text after a gap is not shown', async () => {
  const run = await storedRun(store);
  await write(run, 1, 1, 3, 'def');
  expect(await openMessage(store, scope, run.runId)).toBeUndefined();
  await write(run, 1, 1, 0, 'ab');
  expect(await openMessage(store, scope, run.runId)).toMatchObject({ text: 'ab' });
});

test('clearing forgets one turn; the end of a run all', async () => {
  const run = await storedRun(store);
  await write(run, 1, 1, 0, 'one');
  await write(run, 2, 1, 0, 'two');
  await clearDeltas(store, run.runId, 2);
  expect(await openMessage(store, scope, run.runId)).toMatchObject({ turn: 1 });
  await appendEvents(store, append(run, numbered([{ type: 'run.cancelled', at: NOW, data: { channel: 'api' } }])));
  expect(await openMessage(store, scope, run.runId)).toBeUndefined();
  expect(await write(run, 2, 1, 0, 'late')).toBe(false);
  expect(await rowsOf(run)).toBe(0);
});

test('another tenant or project neither reads nor writes', async () => {
  const run = await storedRun(store);
  await write(run, 1, 1, 0, 'secret');
  for (const other of otherScopes) {
    expect(await openMessage(store, other, run.runId)).toBeUndefined();
    const foreign = { ...other, rootRunId: run.runId, runId: run.runId, turn: 2, attempt: 1, offset: 0, text: 'x' };
    expect(await appendDelta(store, { ...foreign, nowMs: NOW })).toBe(false);
  }
});

test('thoughts and answer of one message have offsets of their own', async () => {
  const run = await storedRun(store);
  const piece = { ...scope, rootRunId: run.rootRunId, runId: run.runId, turn: 1, attempt: 1, nowMs: NOW };
  expect(await appendDelta(store, { ...piece, part: 'reasoning', offset: 0, text: 'Hm' })).toBe(true);
  expect(await openMessage(store, scope, run.runId)).toEqual({ turn: 1, attempt: 1, text: '', reasoning: 'Hm' });
  expect(await appendDelta(store, { ...piece, offset: 0, text: 'Yes' })).toBe(true);
  expect(await appendDelta(store, { ...piece, part: 'reasoning', offset: 2, text: '.' })).toBe(true);
  expect(await openMessage(store, scope, run.runId)).toEqual({ turn: 1, attempt: 1, text: 'Yes', reasoning: 'Hm.' });
  await appendEvents(store, append(run, numbered([completed(run, 1)])));
  expect(await rowsOf(run)).toBe(0);
});
