import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import type { Store } from '../../src/store/database.ts';
import { appendDelta } from '../../src/store/deltas.ts';
import { appendEvents } from '../../src/store/events.ts';
import type { EventFeed, FeedItem } from '../../src/store/feed.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { waitFor } from '../support/wait-for.ts';
import { openFeedWorld, watchFeed } from './feed-world.ts';
import type { FeedWorld } from './feed-world.ts';
import { append, NOW, numbered, otherScopes, scope, storedRun, turns } from './fixtures.ts';

let world: FeedWorld;
let store: Store;
let feed: EventFeed;

beforeAll(async () => {
  world = await openFeedWorld();
  ({ store, feed } = world);
});
afterAll(() => world[Symbol.asyncDispose]());

const open: { close(): void }[] = [];
afterEach(() => {
  for (const subscription of open.splice(0)) subscription.close();
});

function watch(run: RunRow, after?: number, watched?: typeof scope) {
  const watcher = watchFeed(feed, run, after, watched);
  open.push(watcher.subscription);
  return watcher;
}

const upTo = (last: number, from = 1) => Array.from({ length: last - from + 1 }, (_, index) => from + index);
const write = (run: RunRow, turn: number, offset: number, text: string) =>
  appendDelta(store, { ...scope, rootRunId: run.runId, runId: run.runId, turn, attempt: 1, offset, text, nowMs: NOW });
const completed = (run: RunRow, turn: number): RunEvent => ({
  type: 'message.completed',
  at: NOW,
  data: { turn, messageRef: run.inputRef, finishReason: 'stop', calls: [] },
});

/** Ends the LISTEN connection from the server's side. */
async function cutFeed() {
  const { rowCount } = await store.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'countersign-feed' AND datname = current_database()`,
  );
  expect(rowCount).toBe(1);
  await waitFor('the feed to notice', () => !feed.isConnected(), { pollMs: 1 });
}

describe('events', () => {
  test.each([0, 3, 5])('after %i: every later event once, in order, stored before or after', async (after) => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, turns(1, 5)));
    const watcher = watch(run, after);
    for (let last = 6; last <= 30; last += 1) await appendEvents(store, append(run, turns(last, last)));
    await watcher.reaches(30);
    expect(watcher.seqs()).toEqual(upTo(30, after + 1));
  });

  test('more than a page at once', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, turns(1, 450)));
    const watcher = watch(run);
    await watcher.reaches(450);
    expect(watcher.seqs()).toEqual(upTo(450));
  });

  test('many readers at different places each get theirs', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, turns(1, 10)));
    const watchers = Array.from({ length: 12 }, (_, index) => watch(run, index % 4));
    await Promise.all(upTo(40).map((step) => appendEvents(store, append(run, turns(1, 1), `step:${step}`))));
    for (const [index, watcher] of watchers.entries()) {
      await watcher.reaches(50);
      expect(watcher.seqs()).toEqual(upTo(50, (index % 4) + 1));
    }
  });

  test('the LISTEN connection may be cut: nothing is lost or repeated', async () => {
    const run = await storedRun(store);
    const watcher = watch(run);
    await appendEvents(store, append(run, turns(1, 2)));
    await watcher.reaches(2);
    for (let cut = 1; cut <= 3; cut += 1) {
      await cutFeed();
      // Nobody listens now: the notification of these is lost.
      await appendEvents(store, append(run, turns(cut * 2 + 1, cut * 2 + 2)));
      await watcher.reaches(cut * 2 + 2);
    }
    await waitFor('the feed to listen', () => feed.isConnected());
    await appendEvents(store, append(run, turns(9, 9)));
    await watcher.reaches(9);
    expect(watcher.seqs()).toEqual(upTo(9));
    expect(watcher.lost).toEqual([]);
  });

  test('a closed subscription hears nothing more, and another tenant or project nothing at all', async () => {
    const run = await storedRun(store);
    const others = otherScopes.map((other) => watch(run, 0, other));
    const [closed, watcher] = [watch(run), watch(run)];
    closed.subscription.close();
    await appendEvents(store, append(run, turns(1, 2)));
    await write(run, 1, 0, 'secret');
    await waitFor('the piece', () => watcher.texts().length === 1);
    expect(watcher.seqs()).toEqual([1, 2]);
    for (const silent of [...others, closed]) expect(silent.items).toEqual([]);
  });

  test('a slow reader is waited for, and the others are not held up', async () => {
    const run = await storedRun(store);
    const batches: number[][] = [];
    let release = () => {};
    let busy = 0;
    open.push(
      feed.subscribe(scope, run.runId, {
        after: 0,
        async onBatch(items) {
          busy += 1;
          expect(busy).toBe(1);
          batches.push(items.flatMap((item) => (item.kind === 'event' ? [item.event.seq] : [])));
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          busy -= 1;
        },
      }),
    );
    const quick = watch(run);
    await appendEvents(store, append(run, turns(1, 1)));
    await waitFor('the first batch', () => batches.length === 1);
    for (let last = 2; last <= 9; last += 1) await appendEvents(store, append(run, turns(last, last)));
    await quick.reaches(9);
    expect(batches).toEqual([[1]]);
    release();
    await waitFor('the second batch', () => batches.length === 2);
    expect(batches).toEqual([[1], upTo(9, 2)]);
    release();
  });

  test('a reader that throws loses its own subscription only', async () => {
    const run = await storedRun(store);
    const problem = new Error('the socket is gone');
    const lost: unknown[] = [];
    feed.subscribe(scope, run.runId, {
      after: 0,
      onBatch() {
        throw problem;
      },
      onLost: (error) => lost.push(error),
    });
    const watcher = watch(run);
    await appendEvents(store, append(run, turns(1, 1)));
    await waitFor('the loss', () => lost.length > 0);
    await appendEvents(store, append(run, turns(2, 2)));
    await watcher.reaches(2);
    expect(lost).toEqual([problem]);
  });
});

describe('pieces of open messages', () => {
  test('come with their offsets, between the events they were written between', async () => {
    const run = await storedRun(store);
    const watcher = watch(run);
    await appendEvents(store, append(run, turns(1, 1)));
    await watcher.reaches(1);
    await write(run, 1, 0, 'Refund');
    await write(run, 1, 6, 'ing');
    await appendEvents(store, append(run, [{ ordinal: 2, event: completed(run, 1) }]));
    await watcher.reaches(2);
    const place = { kind: 'delta', runId: run.runId, turn: 1, attempt: 1 };
    expect(watcher.items.slice(1)).toEqual([
      { ...place, offset: 0, text: 'Refund' },
      { ...place, offset: 6, text: 'ing' },
      expect.objectContaining({ kind: 'event' }),
    ]);
  });

  test.each([7_200, 100_000])('a piece of %i characters, too long for a notification, comes whole', async (length) => {
    const run = await storedRun(store);
    const watcher = watch(run);
    const text = 'é'.repeat(length);
    await write(run, 1, 0, text);
    await waitFor('the piece', () => watcher.texts().length === 1);
    expect(watcher.texts()).toEqual([text]);
  });

  test('a reader too slow for them misses some, sees it by the offsets, and gets all events', async () => {
    const run = await storedRun(store);
    const items: FeedItem[] = [];
    let release = () => {};
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    open.push(
      feed.subscribe(scope, run.runId, {
        after: 0,
        async onBatch(batch) {
          items.push(...batch);
          await blocked;
        },
      }),
    );
    await appendEvents(store, append(run, turns(1, 1)));
    await waitFor('the first event', () => items.length === 1);
    for (let offset = 0; offset < 300; offset += 1) await write(run, 2, offset, 'x');
    await appendEvents(store, append(run, turns(2, 2)));
    const witness = watch(run, 1);
    await witness.reaches(2);
    release();
    await waitFor('the second event', () => items.some((item) => item.kind === 'event' && item.event.seq === 2));
    const offsets = items.flatMap((item) => (item.kind === 'delta' ? [item.offset] : []));
    expect(offsets.length).toBeLessThanOrEqual(256);
    expect(offsets.at(-1)).toBe(299);
    expect(offsets[0]).toBeGreaterThan(0);
  });
});

test('what others send on the channel is ignored', async () => {
  const run = await storedRun(store);
  const watcher = watch(run);
  for (const noise of ['', 'x', '{}', '[]', 'null', `{"r":"${run.runId}"}`]) {
    await store.pool.query(`SELECT pg_notify('countersign_events', $1)`, [noise]);
  }
  await appendEvents(store, append(run, numbered([{ type: 'run.suspended', at: NOW, data: {} }])));
  await watcher.reaches(1);
  expect(watcher.lost).toEqual([]);
});
