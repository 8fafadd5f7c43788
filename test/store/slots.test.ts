/** Slots of a requester's active runs: derived from what is running, in the order of asking. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runIdFromBytes } from '../../src/domain/core/ids.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import { createRun } from '../../src/store/run-rows.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { takeSlot } from '../../src/store/slots.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { openTestStore } from '../support/database.ts';
import { append, newRun, NOW, numbered, scope, storedRun } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const cancelled: RunEvent = { type: 'run.cancelled', at: NOW + 9, data: { channel: 'api' } };
const blocked: RunEvent = { type: 'run.blocked', at: NOW + 9, data: { code: 'blocked', detail: 'Somebody.' } };
const turn = (type: 'run.suspended' | 'run.resumed'): RunEvent => ({ type, at: NOW + 5, data: {} });

/** A run of one requester, and what its workflow would tell of it. */
function runOf(run: RunRow, limit = 1) {
  let told = 0;
  return {
    runId: run.runId,
    tell: (...events: RunEvent[]) => {
      const from = told + 1;
      told += events.length;
      return appendEvents(store, append(run, numbered(events, from)));
    },
    ask: (nowMs = NOW, allowed = limit) =>
      takeSlot(store, { ...scope, rootRunId: run.rootRunId, runId: run.runId, limit: allowed, nowMs }),
    types: async () =>
      (await readEvents(store, scope, run.rootRunId, { after: 0, limit: 100 })).map(({ type }) => type),
  };
}

const started = async (requester: string, limit = 1) => runOf(await storedRun(store, { requester }), limit);

const slotsOf = async (requester: string) =>
  (
    await store.pool.query<{ root_run_id: string; admitted_at: number | null }>(
      'SELECT root_run_id, admitted_at FROM slots WHERE requester = $1 ORDER BY ticket',
      [requester],
    )
  ).rows;

describe('S1.11 a slot', () => {
  test('is held by who asked first, until it stops running; then the next has it, in the order of asking', async () => {
    const [one, two, three] = [await started('order'), await started('order'), await started('order')];
    expect(await one.ask()).toMatchObject({ state: 'held', askedAtMs: NOW, admittedAtMs: NOW, isJustAdmitted: false });
    expect(await three.ask(NOW + 1)).toMatchObject({ state: 'waiting', place: 1 });
    expect(await two.ask(NOW + 2)).toMatchObject({ state: 'waiting', place: 2 });
    expect(await one.ask()).toMatchObject({ state: 'held' });

    await one.tell(turn('run.suspended'));
    // Whoever looks first: it is not its turn.
    expect(await two.ask()).toMatchObject({ state: 'waiting', place: 1 });
    expect(await three.ask(NOW + 7)).toMatchObject({
      state: 'held',
      askedAtMs: NOW + 1,
      admittedAtMs: NOW + 7,
      isJustAdmitted: true,
    });
    await one.tell(turn('run.resumed'));
    expect(await one.ask()).toMatchObject({ state: 'waiting', place: 2 });
    await three.tell(cancelled);
    expect(await one.ask()).toMatchObject({ state: 'waiting', place: 1 });
    expect(await two.ask()).toMatchObject({ state: 'held', isJustAdmitted: true });
  });

  test('is no concern of another requester, and more may be had where more are allowed', async () => {
    const [mine, theirs] = [await started('apart-1'), await started('apart-2')];
    expect(await mine.ask()).toMatchObject({ state: 'held' });
    expect(await theirs.ask()).toMatchObject({ state: 'held' });
    const [second, third] = [await started('apart-1', 2), await started('apart-1', 2)];
    expect(await second.ask()).toMatchObject({ state: 'held' });
    expect(await third.ask()).toMatchObject({ state: 'waiting', place: 1 });
    expect(await third.ask(NOW, 3)).toMatchObject({ state: 'held' });
  });

  test('is waited for with one event, and taken after the wait with another', async () => {
    const [one, two] = [await started('told'), await started('told')];
    await one.ask();
    for (let times = 0; times < 3; times += 1) await two.ask(NOW + times);
    await one.tell(turn('run.suspended'));
    for (let times = 0; times < 3; times += 1) await two.ask(NOW + 1_000 + times);
    expect(await one.types()).toEqual(['run.suspended']);
    expect(await two.types()).toEqual(['run.queued', 'run.dequeued']);
    const [queued, dequeued] = await readEvents(store, scope, two.runId, { after: 0, limit: 2 });
    expect([queued?.data, dequeued?.data]).toEqual([{ limit: 1, place: 1 }, { waitedMs: 1_000 }]);
    expect(await verifyStoredChain(store, scope, two.runId)).toMatchObject({ ok: true });
  });

  test.each([
    ['suspended', turn('run.suspended')],
    ['blocked', blocked],
    ['cancelled', cancelled],
  ])('goes with the transaction in which the run is %s, held or waited for', async (name, event) => {
    const [one, two, three] = [await started(name), await started(name), await started(name)];
    for (const run of [one, two, three]) await run.ask();
    await two.tell(event);
    expect((await slotsOf(name)).map((slot) => slot.root_run_id)).toEqual([one.runId, three.runId]);
    await one.tell(event);
    expect(await three.ask()).toMatchObject({ state: 'held' });
  });

  test('is none for a run that is over, and room without a ticket for what needs attention', async () => {
    const [one, parked, over] = [await started('parked'), await started('parked'), await started('parked')];
    await one.ask();
    await parked.tell(blocked);
    await over.tell(cancelled);
    expect(await over.ask()).toMatchObject({ state: 'not_needed' });
    expect(await parked.ask()).toMatchObject({ state: 'waiting' });
    await one.tell(turn('run.suspended'));
    expect(await parked.ask()).toMatchObject({ state: 'not_needed' });
    expect(await slotsOf('parked')).toEqual([]);
  });

  test('is one for the whole tree of a root run', async () => {
    const root = await storedRun(store, { requester: 'tree' });
    const child = await storedRun(store, {
      runId: `${root.runId}.${runIdFromBytes(new Uint8Array(17)).slice(4, 20)}`,
      rootRunId: root.runId,
      requester: 'tree',
    });
    const [parent, below, other] = [runOf(root), runOf(child), await started('tree')];
    expect(await below.ask()).toMatchObject({ state: 'held' });
    expect(await parent.ask()).toMatchObject({ state: 'held' });
    expect(await other.ask()).toMatchObject({ state: 'waiting', place: 1 });
    await parent.tell(turn('run.suspended'));
    expect(await other.ask()).toMatchObject({ state: 'waiting', place: 1 });
    await below.tell(turn('run.suspended'));
    expect(await other.ask()).toMatchObject({ state: 'held' });
  });
});

describe('S1.11 starts under the limit', () => {
  const start = (requester: string, changes = {}) =>
    createRun(store, newRun({ requester, ...changes }), [], { maxActiveRuns: 2 });

  test('of twenty at once, as many begin as are allowed', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => start('twenty')));
    expect(outcomes.filter(({ outcome }) => outcome === 'created')).toHaveLength(2);
    expect(outcomes.filter(({ outcome }) => outcome === 'too_many_active_runs')).toHaveLength(18);
    expect(await slotsOf('twenty')).toHaveLength(2);
  });

  test('a repeat finds its run, whatever the limit; a refused start leaves nothing', async () => {
    const run = newRun({ requester: 'repeats', idempotencyKey: 'one' });
    await createRun(store, run, [], { maxActiveRuns: 1 });
    expect(await createRun(store, run, [], { maxActiveRuns: 1 })).toMatchObject({ outcome: 'existing' });
    const refused = newRun({ requester: 'repeats', idempotencyKey: 'two' });
    expect(await createRun(store, refused, [], { maxActiveRuns: 1 })).toEqual({ outcome: 'too_many_active_runs' });
    await runOf({ ...run } as RunRow).tell(cancelled);
    expect(await createRun(store, refused, [], { maxActiveRuns: 1 })).toMatchObject({ outcome: 'created' });
  });

  test('nobody who starts overtakes who waits to go on', async () => {
    const [one, two] = [await started('resumers'), await started('resumers')];
    await one.ask();
    await two.ask();
    await one.tell(turn('run.suspended'));
    const late = await createRun(store, newRun({ requester: 'resumers' }), [], { maxActiveRuns: 1 });
    expect(late).toEqual({ outcome: 'too_many_active_runs' });
    expect(await two.ask()).toMatchObject({ state: 'held' });
  });
});

/** What happens to one of six runs of a requester. */
const Step = fc.record({
  run: fc.nat(5),
  does: fc.constantFrom('ask', 'ask', 'ask', 'suspend', 'resume', 'end'),
});

describe('S1.11 whatever happens, at the same time or one after the other', () => {
  test('no more than allowed are active, in the order of asking, and whoever waits comes on', async () => {
    let world = 0;
    const property = async (limit: number, batches: readonly (readonly { run: number; does: string }[])[]) => {
      const requester = `random-${(world += 1)}`;
      const runs = await Promise.all(
        Array.from({ length: 6 }, async () => ({ ...(await started(requester, limit)), status: 'running' })),
      );
      for (const batch of batches) {
        // One of each run: a workflow does one thing at a time.
        const once = [...new Map(batch.map((step) => [step.run, step])).values()];
        await Promise.all(
          once.map(async ({ run: index, does }) => {
            const run = runs[index];
            if (!run) return;
            if (does === 'ask' && run.status === 'running') await run.ask();
            if (does === 'suspend' && run.status === 'running') {
              run.status = 'suspended';
              await run.tell(turn('run.suspended'));
            }
            if (does === 'resume' && run.status === 'suspended') {
              run.status = 'running';
              await run.tell(turn('run.resumed'));
            }
            if (does === 'end' && run.status !== 'over') {
              run.status = 'over';
              await run.tell(cancelled);
            }
          }),
        );
        const slots = await slotsOf(requester);
        const admitted = slots.map((slot) => slot.admitted_at !== null);
        expect(admitted.filter(Boolean).length).toBeLessThanOrEqual(limit);
        // Nobody goes on for whom there is no room behind all who have asked before.
        expect(admitted.lastIndexOf(true)).toBeLessThan(limit);
        const running = new Set(runs.filter(({ status }) => status === 'running').map(({ runId }) => runId));
        expect(slots.every((slot) => running.has(slot.root_run_id))).toBe(true);
      }
      const waiting = runs.filter(({ status }) => status === 'running');
      for (let left = waiting; left.length > 0;) {
        const asked = await Promise.all(left.map(async (run) => ({ run, ...(await run.ask()) })));
        const held = asked.filter(({ state }) => state === 'held');
        expect(held.length).toBeGreaterThan(0);
        await Promise.all(held.map(({ run }) => run.tell(cancelled)));
        left = asked.filter(({ state }) => state !== 'held').map(({ run }) => run);
      }
      expect(await slotsOf(requester)).toEqual([]);
    };
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.array(Step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 }),
        property,
      ),
      { numRuns: 40 },
    );
  }, 60_000);
});
