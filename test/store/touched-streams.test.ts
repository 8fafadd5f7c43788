import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../src/store/database.ts';
import { appendEvents } from '../../src/store/events.ts';
import { streamsTouchedSince } from '../../src/store/touched-streams.ts';
import { openTestStore } from '../support/database.ts';
import { append, NOW, numbered, storedRun } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const touch = async (tenant: string, at: number) => {
  const run = await storedRun(store, { tenant, createdAt: NOW - 1_000 });
  const event = { type: 'turn.started', at, data: { turn: 1 } } as const;
  const { seq, headHash } = await appendEvents(store, append(run, numbered([event])));
  return { rootRunId: run.runId, seq, headHash, touchedAt: at };
};

test('runs with events since a time, the oldest first, in pages, of the tenant only', async () => {
  const tenant = 'touched';
  await touch(tenant, NOW - 1);
  const ties = [await touch(tenant, NOW), await touch(tenant, NOW)];
  ties.sort((one, other) => (one.rootRunId < other.rootRunId ? -1 : 1));
  const late = await touch(tenant, NOW + 5);
  await touch('rival', NOW);
  await storedRun(store, { tenant, createdAt: NOW + 9 });

  expect(await streamsTouchedSince(store, tenant, NOW, 10)).toEqual([...ties, late]);
  const page = await streamsTouchedSince(store, tenant, NOW, 1);
  expect(page).toEqual([ties[0]]);
  expect(await streamsTouchedSince(store, tenant, NOW, 10, page[0]?.rootRunId)).toEqual([ties[1], late]);
});

test('finding them costs appends nothing: their updates stay within the page', async () => {
  const run = await storedRun(store, { tenant: 'hot' });
  const updates = async () => {
    await store.pool.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await store.pool.query<{ all: number; hot: number }>(
      `SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'streams'`,
    );
    return rows[0]!;
  };
  const before = await updates();
  for (let ordinal = 1; ordinal <= 20; ordinal += 1) {
    const event = { type: 'turn.started', at: NOW + ordinal * 1_000, data: { turn: ordinal } } as const;
    await appendEvents(store, append(run, numbered([event], ordinal)));
  }
  await expect.poll(async () => (await updates()).all - before.all, { timeout: 10_000 }).toBeGreaterThanOrEqual(20);
  const after = await updates();
  expect(after.hot - before.hot).toBe(after.all - before.all);
});
