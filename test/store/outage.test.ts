import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quietProgress } from '../../src/platform/progress.ts';
import { freePort } from '../../src/platform/services/free-port.ts';
import { startPostgres } from '../../src/platform/services/postgres.ts';
import type { PostgresService } from '../../src/platform/services/postgres.ts';
import { isStoreUnavailable, openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';
import { appendDelta, openMessage } from '../../src/store/deltas.ts';
import { reserveEffect } from '../../src/store/effects.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import { createEventFeed } from '../../src/store/feed.ts';
import type { EventFeed } from '../../src/store/feed.ts';
import { listRuns } from '../../src/store/run-lists.ts';
import { migrateStore } from '../../src/store/migrate.ts';
import { getRun } from '../../src/store/run-rows.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';
import { append, NOW, reservationOf, scope, silentLogger, storedRun, turns } from './fixtures.ts';

// A server of this file's own, since it is stopped and killed.
const directory = temporaryDirectory();
let port: number;
let server: PostgresService;
let store: Store;
let feed: EventFeed;

const start = () =>
  startPostgres({ directory, port, progress: quietProgress(), logFile: join(directory, 'postgres.log') });

beforeAll(async () => {
  port = await freePort();
  server = await start();
  await migrateStore(server.url);
  store = openStore({ url: server.url, maxConnections: 4 });
  feed = createEventFeed({ url: server.url, store, logger: silentLogger });
});

afterAll(async () => {
  await feed.close();
  await store.close();
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** As an activity does: again and again until the store is back. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  return waitFor('the store', async () => {
    try {
      return { answer: await work() };
    } catch (error) {
      if (!isStoreUnavailable(error)) throw error;
      return undefined;
    }
  }).then(({ answer }) => answer);
}

describe('PostgreSQL goes away and comes back', () => {
  test.each([
    ['by a restart', () => server.stop()],
    [
      'by kill -9',
      async () => {
        process.kill(server.pid ?? 0, 'SIGKILL');
        await server.exited;
      },
    ],
  ])('%s: errors say so, the pool and the feed recover, nothing is lost', async (_, goAway) => {
    const run = await storedRun(store);
    const seqs: number[] = [];
    const lost: unknown[] = [];
    const subscription = feed.subscribe(scope, run.runId, {
      after: 0,
      onBatch: (items) => void seqs.push(...items.flatMap((item) => (item.kind === 'event' ? [item.event.seq] : []))),
      onLost: (error) => lost.push(error),
    });
    await appendEvents(store, append(run, turns(1, 2)));
    await waitFor('both events', () => seqs.length === 2);

    // One statement is under way, held by a lock, and three connections are idle.
    const locker = await store.pool.connect();
    await locker.query('BEGIN');
    await locker.query('SELECT FROM streams WHERE root_run_id = $1 FOR UPDATE', [run.runId]);
    const interrupted = failureOf(appendEvents(store, append(run, turns(3, 3))));
    await waitFor('the lock to be waited for', async () => {
      const { rows } = await store.pool.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
      return rows.length === 1;
    });
    await goAway();
    // Or it got its turn since the one that held the lock was ended first.
    const failure = await interrupted;
    expect(failure === undefined || isStoreUnavailable(failure)).toBe(true);
    locker.release(true);

    for (const work of [
      () => appendEvents(store, append(run, turns(3, 3))),
      () => getRun(store, scope, run.runId),
      () => listRuns(store, scope, { limit: 1 }),
      () => storedRun(store),
    ]) {
      // A connection may outlive its server for a moment.
      await waitFor('the store to be gone', async () => isStoreUnavailable(await failureOf(work())));
    }
    await waitFor('the feed to know', () => !feed.isConnected());

    server = await start();
    await persistently(() => appendEvents(store, append(run, turns(3, 5))));
    await waitFor('the later events', () => seqs.at(-1) === 5);
    expect(seqs).toEqual([1, 2, 3, 4, 5]);
    expect(lost).toEqual([]);
    expect(await verifyStoredChain(store, scope, run.runId)).toMatchObject({ ok: true, head: { seq: 5 } });
    await waitFor('the feed', () => feed.isConnected());
    subscription.close();
  });

  test('a crash empties open messages, and the stream goes on without them', async () => {
    const run = await storedRun(store);
    const piece = { ...scope, rootRunId: run.runId, runId: run.runId, turn: 1, attempt: 1, nowMs: NOW };
    await appendDelta(store, { ...piece, offset: 0, text: 'Ref' });
    expect(await openMessage(store, scope, run.runId)).toMatchObject({ text: 'Ref' });
    process.kill(server.pid ?? 0, 'SIGKILL');
    await server.exited;
    server = await start();
    expect(await persistently(() => appendDelta(store, { ...piece, offset: 3, text: 'und' }))).toBe(true);
    expect(await openMessage(store, scope, run.runId)).toBeUndefined();
  });

  test('what was reserved before kill -9 is reserved after it', async () => {
    const run = await storedRun(store);
    const reserve = (nonce: string) =>
      reserveEffect(store, reservationOf(run, { append: append(run, turns(1, 2)), nonce }));
    await reserve('first');
    process.kill(server.pid ?? 0, 'SIGKILL');
    await server.exited;
    server = await start();
    expect(await persistently(() => reserve('second'))).toEqual({
      state: 'outcome_unknown',
      epoch: 1,
      attemptNonce: 'first',
    });
    expect(await readEvents(store, scope, run.runId, { after: 0, limit: 10 })).toHaveLength(2);
  });
});

describe('what counts as unavailable', () => {
  test('a store may be opened while nothing answers', async () => {
    const nobody = openStore({ url: `postgres://countersign@127.0.0.1:${await freePort()}/x` });
    expect(isStoreUnavailable(await failureOf(listRuns(nobody, scope, { limit: 1 })))).toBe(true);
    await nobody.close();
  });

  test('no connection left in the pool', async () => {
    const small = openStore({ url: server.url, maxConnections: 1, connectTimeoutMs: 100 });
    const taken = await small.pool.connect();
    expect(isStoreUnavailable(await failureOf(getRun(small, scope, 'x')))).toBe(true);
    taken.release();
    expect(await getRun(small, scope, 'x')).toBeUndefined();
    await small.close();
  });

  test('a statement that waits too long', async () => {
    const hasty = openStore({ url: server.url, statementTimeoutMs: 100 });
    expect(isStoreUnavailable(await failureOf(hasty.pool.query('SELECT pg_sleep(5)')))).toBe(true);
    await hasty.close();
  });

  test('a mistake of ours, a refusal and anything else do not', async () => {
    const run = await storedRun(store);
    expect(isStoreUnavailable(await failureOf(store.pool.query('SELECT nothing FROM nowhere')))).toBe(false);
    expect(isStoreUnavailable(await failureOf(appendEvents(store, append(run, turns(2, 2)))))).toBe(false);
    for (const other of [undefined, null, 'ECONNREFUSED', {}, new Error('no'), new TypeError('connection')]) {
      expect(isStoreUnavailable(other)).toBe(false);
    }
  });
});
