import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { verifyChain } from '../../src/store/chain.ts';
import { openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import { createEventFeed } from '../../src/store/feed.ts';
import type { EventFeed, FeedItem } from '../../src/store/feed.ts';
import { migrateStore } from '../../src/store/migrate.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { waitFor } from '../support/wait-for.ts';
import { openFeedWorld, watchFeed } from './feed-world.ts';
import type { FeedWorld } from './feed-world.ts';
import { append, NOW, numbered, scope, silentLogger, storedRun, turns } from './fixtures.ts';

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

function watch(run: RunRow) {
  const watcher = watchFeed(feed, run);
  open.push(watcher.subscription);
  return watcher;
}

describe('events in notifications', () => {
  /** What is asked of the store from now on. */
  function watchReads() {
    const original = store.pool.query;
    const names: string[] = [];
    const spy = vi.spyOn(store.pool, 'query').mockImplementation(((statement: { name?: string }) => {
      names.push(statement.name ?? '');
      return Reflect.apply(original, store.pool, [statement]);
    }) as never);
    open.push({ close: () => spy.mockRestore() });
    return () => names.filter((name) => name === 'read_events_1').length;
  }
  const blocked = (detail: string): RunEvent => ({ type: 'run.blocked', at: NOW, data: { code: 'drift', detail } });

  test('are what a read gives, whatever their text and origin, and spare it', async () => {
    const run = await storedRun(store);
    const watcher = watch(run);
    await appendEvents(store, append(run, turns(1, 1)));
    await watcher.reaches(1);
    const reads = watchReads();
    await appendEvents(store, append(run, numbered([blocked('é "q" \\ \u0000 \n 🙂 \u2028'), blocked('')], 2)));
    await appendEvents(store, append(run, turns(1, 3), 'step:1'));
    // Half of it is known already: only what is new is carried.
    await appendEvents(store, append(run, turns(2, 5), 'step:1'));
    await watcher.reaches(8);
    expect(reads()).toBe(0);
    const stored = await readEvents(store, scope, run.runId, { after: 0, limit: 100 });
    expect(watcher.events()).toEqual(stored);
    expect(verifyChain(run.runId, watcher.events())).toMatchObject({ ok: true, head: { seq: 8 } });
  });

  test('a batch of any size arrives: what does not fit is read', async () => {
    const run = await storedRun(store);
    const watcher = watch(run);
    const reads = watchReads();
    const sizes = Array.from({ length: 40 }, (_, step) => step * 200);
    for (const [step, size] of sizes.entries()) {
      await appendEvents(store, append(run, numbered([blocked('é'.repeat(size / 2))], step + 1)));
    }
    await watcher.reaches(40);
    expect(watcher.events()).toEqual(await readEvents(store, scope, run.runId, { after: 0, limit: 100 }));
    expect(reads()).toBeGreaterThan(1);
    expect(reads()).toBeLessThan(40);
  });

  test('in a database that is not in UTF-8 too', async () => {
    const url = new URL(world.url);
    const name = `${url.pathname.slice(1)}_latin`;
    await store.pool.query(`CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`);
    url.pathname = `/${name}`;
    await migrateStore(url.href);
    const latinStore = openStore({ url: url.href });
    const latinFeed = createEventFeed({ url: url.href, store: latinStore, logger: silentLogger });
    await waitFor('the feed to listen', () => latinFeed.isConnected());
    const run = await storedRun(latinStore);
    const items: FeedItem[] = [];
    latinFeed.subscribe(scope, run.runId, {
      after: 0,
      firstRead: 'never',
      onBatch: (batch) => void items.push(...batch),
    });
    await appendEvents(latinStore, append(run, numbered([blocked('日本 🙂')])));
    await waitFor('the event', () => items.length === 1);
    const events = items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
    expect(events).toEqual(await readEvents(latinStore, scope, run.runId, { after: 0, limit: 9 }));
    await latinFeed.close();
    await latinStore.close();
    await store.pool.query(`DROP DATABASE ${name} WITH (FORCE)`);
  });

  test('that are damaged, of another run or ahead of the store are not believed', async () => {
    const run = await storedRun(store);
    const other = await storedRun(store);
    const watcher = watch(run);
    await appendEvents(store, append(run, turns(1, 1)));
    await appendEvents(store, append(other, turns(1, 1)));
    await watcher.reaches(1);
    const foreign = (await store.pool.query('SELECT body FROM run_events WHERE run_id = $1', [other.runId])).rows[0];
    const notice = { t: run.tenant, p: run.project, r: run.runId, s: 2, h: '00' };
    for (const body of ['', '%', Buffer.from('{}').toString('base64'), foreign.body.toString('base64')]) {
      const payload = JSON.stringify({ ...notice, e: [['00', body]] });
      await store.pool.query(`SELECT pg_notify('countersign_events', $1)`, [payload]);
    }
    await appendEvents(store, append(run, turns(2, 2)));
    await watcher.reaches(2);
    expect(watcher.events()).toEqual(await readEvents(store, scope, run.runId, { after: 0, limit: 100 }));
    expect(watcher.lost).toEqual([]);
  });
});
