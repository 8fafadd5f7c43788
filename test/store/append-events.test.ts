import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../../src/store/chain.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents, readEvents, toldParameters } from '../../src/store/events.ts';
import { getRun } from '../../src/store/run-rows.ts';
import { StoreCorruptionError, StoreRefusalError } from '../../src/store/store-error.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { openTestStore } from '../support/database.ts';
import { append, newRun, NOW, numbered, otherScopes, scope, storedRun, turns } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const stored = (rootRunId: string, after = 0) => readEvents(store, scope, rootRunId, { after, limit: 10_000 });
const placesOf = async (rootRunId: string) =>
  (await stored(rootRunId)).map(({ seq, origin, ordinal }) => ({ seq, origin, ordinal }));

describe('appending', () => {
  test('events get their places, come back as they were, and the head moves', async () => {
    const run = await storedRun(store);
    const events = numbered([
      { type: 'turn.started', at: NOW, data: { turn: 1 } },
      { type: 'run.blocked', at: NOW + 5, data: { code: 'drift', detail: 'é "quoted" \u0000 🙂' } },
    ]);
    const appended = await appendEvents(store, append(run, events));

    const read = await stored(run.runId);
    expect(read).toMatchObject([
      { seq: 1, runId: run.runId, origin: 'workflow', ordinal: 1, ...events[0]!.event },
      { seq: 2, runId: run.runId, origin: 'workflow', ordinal: 2, ...events[1]!.event },
    ]);
    expect(appended).toEqual({ acknowledged: 2, seq: 2, headHash: read[1]!.hash });
    expect(await getRun(store, scope, run.runId)).toMatchObject({
      eventSeq: 2,
      headHash: read[1]!.hash,
      updatedAt: NOW + 5,
    });
  });

  test('the same batch again changes nothing and gives the same acknowledgement', async () => {
    const run = await storedRun(store);
    const first = await appendEvents(store, append(run, turns(1, 3)));
    expect(await appendEvents(store, append(run, turns(1, 3)))).toEqual(first);
    expect(await appendEvents(store, append(run, []))).toEqual(first);
    expect(await placesOf(run.runId)).toHaveLength(3);
  });

  test('overlapping batches at once leave one copy in order', async () => {
    const run = await storedRun(store);
    const batches = [turns(1, 3), turns(1, 5), turns(1, 5), turns(1, 8), turns(1, 2)];
    const answers = await Promise.all(batches.map((batch) => appendEvents(store, append(run, batch))));
    for (const [index, batch] of batches.entries()) {
      expect(answers[index]!.acknowledged).toBeGreaterThanOrEqual(batch.length);
    }
    expect((await stored(run.runId)).map((event) => event.data)).toEqual(turns(1, 8).map(({ event }) => event.data));
  });

  test('a gap in the workflow’s numbers is refused and nothing of the batch is stored', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, turns(1, 2)));
    for (const gap of [turns(4, 5), [...turns(3, 3), ...turns(5, 5)]]) {
      const refusal = await appendEvents(store, append(run, gap)).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(StoreRefusalError);
      expect(refusal).toMatchObject({ code: 'event_gap' });
    }
    expect(await placesOf(run.runId)).toHaveLength(2);
  });

  test('two origins at once share one sequence; each has its own numbers', async () => {
    const run = await storedRun(store);
    const steps = Array.from({ length: 10 }, (_, index) => index + 1);
    const workflow = async () => {
      for (const step of steps) await appendEvents(store, append(run, turns(1, step)));
    };
    const model = async () => {
      for (const step of steps) {
        const { acknowledged } = await appendEvents(store, append(run, turns(step, step), 'callModel:1'));
        expect(acknowledged).toBe(step);
      }
    };
    await Promise.all([workflow(), model()]);

    const places = await placesOf(run.runId);
    expect(places.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    for (const origin of ['workflow', 'callModel:1']) {
      expect(places.filter((place) => place.origin === origin).map(({ ordinal }) => ordinal)).toEqual(steps);
    }
  });

  test('a run that ended takes trailing events, but none from who would end it', async () => {
    const run = await storedRun(store);
    const end = numbered([{ type: 'run.completed', at: NOW, data: { receipts: [] } }]);
    await appendEvents(store, append(run, end));
    const failure = numbered([{ type: 'run.failed', at: NOW, data: { code: 'lost', detail: '' } }]);
    const late = { ...append(run, failure, 'reconciler'), onlyIfUnfinished: true };
    expect(await appendEvents(store, late)).toMatchObject({ acknowledged: 0, seq: 1 });
    expect(await appendEvents(store, append(run, turns(2, 2)))).toMatchObject({ acknowledged: 2, seq: 2 });
  });

  test('an unknown run, another scope or a foreign root is refused', async () => {
    const [run, other] = [await storedRun(store), await storedRun(store)];
    for (const foreign of [
      newRun(),
      { ...run, ...otherScopes[0] },
      { ...run, ...otherScopes[1] },
      { ...run, rootRunId: other.runId },
    ]) {
      await expect(appendEvents(store, append(foreign, turns(1, 1)))).rejects.toMatchObject({ code: 'unknown_run' });
    }
    expect(await placesOf(run.runId)).toEqual([]);
    expect(await placesOf(other.runId)).toEqual([]);
  });

  test('any interleaving of batches of any origins leaves each event once, in order, on one chain', async () => {
    const batch = fc.record({
      origin: fc.constantFrom('workflow', 'callModel:1', 'bridge'),
      size: fc.integer({ min: 0, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(batch, { maxLength: 6 }), { minLength: 1, maxLength: 4 }), async (writers) => {
        const run = await storedRun(store);
        // Every batch begins at the beginning, as a step does whose earlier acknowledgements were lost.
        await Promise.all(
          writers.map(async (batches) => {
            for (const { origin, size } of batches) await appendEvents(store, append(run, turns(1, size), origin));
          }),
        );
        const events = await stored(run.runId);
        expect(verifyChain(run.runId, events)).toMatchObject({ ok: true, head: { seq: events.length } });
        for (const origin of ['workflow', 'callModel:1', 'bridge']) {
          const most = Math.max(0, ...writers.flat().map((one) => (one.origin === origin ? one.size : 0)));
          expect(events.filter((event) => event.origin === origin).map(({ ordinal }) => ordinal)).toEqual(
            turns(1, most).map(({ ordinal }) => ordinal),
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});

test('appending costs the same at any length of the run, in pages touched', async () => {
  const run = await storedRun(store);
  // What a turn touches: its events go through the same function as ever, in a transaction that is undone.
  const pagesTouched = async (ordinal: number) => {
    const client = await store.pool.connect();
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
         SELECT * FROM append_told_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
        toldParameters(append(run, turns(ordinal, ordinal + 2))),
      );
      const plan = rows[0]!['QUERY PLAN'][0].Plan;
      return plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!;
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  };
  const measured = async (length: number) => {
    await appendEvents(store, append(run, turns(1, length)));
    await store.pool.query('VACUUM ANALYZE run_events');
    // The first one also reads the catalogue.
    await pagesTouched(length + 1);
    return pagesTouched(length + 1);
  };
  const short = await measured(10);
  const long = await measured(10_000);
  expect(long).toBeLessThanOrEqual(short * 1.15 + 12);
});

describe('reading', () => {
  test('in pages, of one run, and nothing for another tenant or project', async () => {
    const root = await storedRun(store);
    const sub = await storedRun(store, { runId: `${root.runId}.aaaaaaaaaaaaaaaa`, rootRunId: root.runId });
    await appendEvents(store, append(root, turns(1, 3)));
    await appendEvents(store, append(sub, turns(1, 2)));
    await appendEvents(store, append(root, turns(4, 4)));

    const page = (after: number, limit: number) => readEvents(store, scope, root.runId, { after, limit });
    expect((await page(0, 2)).map(({ seq }) => seq)).toEqual([1, 2]);
    expect((await page(2, 2)).map(({ seq }) => seq)).toEqual([3, 4]);
    expect((await page(5, 2)).map(({ seq }) => seq)).toEqual([6]);
    expect(await page(6, 2)).toEqual([]);
    const ofSub = await readEvents(store, scope, root.runId, { after: 0, limit: 10, runId: sub.runId });
    expect(ofSub.map(({ seq, runId }) => ({ seq, runId }))).toEqual([
      { seq: 4, runId: sub.runId },
      { seq: 5, runId: sub.runId },
    ]);
    for (const other of otherScopes) {
      expect(await readEvents(store, other, root.runId, { after: 0, limit: 10 })).toEqual([]);
      expect(await verifyStoredChain(store, other, root.runId)).toBeUndefined();
    }
  });
});

describe('the chain', () => {
  const chained = async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, turns(1, 3)));
    await appendEvents(store, append(run, turns(1, 2), 'callModel:1'));
    return run;
  };

  test('what SQL hashed, the pure verification confirms, from the start or from a known head', async () => {
    const run = await chained();
    const events = await stored(run.runId);
    const head = { seq: 5, hash: events[4]!.hash };
    expect(verifyChain(run.runId, events)).toEqual({ ok: true, head });
    expect(verifyChain(run.runId, events.slice(2), { seq: 2, hash: events[1]!.hash })).toEqual({ ok: true, head });
    expect(await verifyStoredChain(store, scope, run.runId)).toEqual({ ok: true, head });
    expect(verifyChain(run.runId, events.slice(1))).toMatchObject({ ok: false, seq: 2 });
    expect(verifyChain(run.runId, events.toSpliced(2, 1))).toMatchObject({ ok: false, seq: 4 });
    expect(verifyChain((await storedRun(store)).runId, events)).toMatchObject({ ok: false, seq: 1 });
  });

  test('one changed byte in the table breaks it, wherever it is', async () => {
    const run = await chained();
    const { rows } = await store.pool.query<{ body: Buffer }>(
      'SELECT body FROM run_events WHERE root_run_id = $1 AND seq = 3',
      [run.runId],
    );
    const body = rows[0]!.body;
    const write = (bytes: Buffer) =>
      store.pool.query('UPDATE run_events SET body = $2 WHERE root_run_id = $1 AND seq = 3', [run.runId, bytes]);
    for (let place = 0; place < body.length; place += 7) {
      const changed = Buffer.from(body);
      changed[place] = changed[place]! ^ 1;
      await write(changed);
      expect(await verifyStoredChain(store, scope, run.runId)).toMatchObject({ ok: false, seq: 3 });
      // A reader either cannot read it at all, or finds the link broken.
      const read = await stored(run.runId).catch((error: unknown) => error);
      if (Array.isArray(read)) expect(verifyChain(run.runId, read)).toMatchObject({ ok: false, seq: 3 });
      else expect(read).toBeInstanceOf(StoreCorruptionError);
    }
    await write(body);
    expect(await verifyStoredChain(store, scope, run.runId)).toMatchObject({ ok: true });
  });

  test.each([
    ['an extracted column', `UPDATE run_events SET type = 'run.failed' WHERE root_run_id = $1 AND seq = 3`, 3],
    ['a link', `UPDATE run_events SET prev_hash = hash WHERE root_run_id = $1 AND seq = 3`, 3],
    ['a removed event', `DELETE FROM run_events WHERE root_run_id = $1 AND seq = 3`, 4],
    ['a removed end', `DELETE FROM run_events WHERE root_run_id = $1 AND seq = 5`, 5],
    ['the head', `UPDATE streams SET head_hash = sha256('x') WHERE root_run_id = $1`, 5],
  ])('%s that was changed is found', async (_, change, seq) => {
    const run = await chained();
    await store.pool.query(change, [run.runId]);
    expect(await verifyStoredChain(store, scope, run.runId)).toMatchObject({ ok: false, seq });
  });
});
