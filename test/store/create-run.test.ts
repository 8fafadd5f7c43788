import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/domain/core/digest.ts';
import { makeBlob, readBlobs } from '../../src/store/blobs.ts';
import { genesisHash } from '../../src/store/chain.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents } from '../../src/store/events.ts';
import {
  anyRunExists,
  createRun,
  getRun,
  getRunForGate,
  markRunStarted,
  recordCancelRequest,
} from '../../src/store/run-rows.ts';
import { listRuns, listUnfinishedRuns } from '../../src/store/run-lists.ts';
import { openTestStore } from '../support/database.ts';
import { append, newRun, newRunId, NOW, numbered, otherScopes, scope, storedRun } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const ended = (run: Parameters<typeof append>[0]) =>
  append(run, numbered([{ type: 'run.cancelled', at: NOW + 1, data: { channel: 'api' } }]));

describe('create-or-get', () => {
  test('a new run is there whole: row, stream head, input', async () => {
    expect(await anyRunExists(store)).toBe(false);
    const input = makeBlob('Refund order 7.');
    const run = newRun({ inputRef: input.ref, labels: { team: 'a' }, conversationId: 'c-whole', idempotencyKey: 'k' });
    const created = await createRun(store, run, [input]);

    const expected = {
      ...run,
      status: 'running',
      updatedAt: NOW,
      endedAt: null,
      startedBy: null,
      drivenBy: null,
      startedInTemporal: false,
      cancelRequested: null,
      replacedBy: null,
      parentRunId: null,
      parentCallId: null,
      outputRef: null,
      failure: null,
      eventSeq: 0,
      headHash: genesisHash(run.runId),
    };
    expect(created).toEqual({ outcome: 'created', run: expected });
    expect(await getRun(store, scope, run.runId)).toEqual(expected);
    expect(await readBlobs(store, scope.tenant, [input.ref.sha256])).toEqual(
      new Map([[input.ref.sha256, 'Refund order 7.']]),
    );
    expect(await anyRunExists(store)).toBe(true);
  });

  test('twenty duplicates at once make one run', async () => {
    const run = newRun({ idempotencyKey: 'twenty' });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => {
        const input = makeBlob('again');
        return createRun(store, { ...run, inputRef: input.ref }, [input]);
      }),
    );
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual([
      'created',
      ...Array.from({ length: 19 }, () => 'existing'),
    ]);
    expect(new Set(outcomes.map((outcome) => ('run' in outcome ? outcome.run.inputRef.sha256 : ''))).size).toBe(1);
  });

  test('the same key with another request is a mismatch and changes nothing', async () => {
    const first = await storedRun(store, { idempotencyKey: 'mismatch' });
    const again = await createRun(
      store,
      newRun({ idempotencyKey: 'mismatch', requestDigest: digestOf('another request') }),
      [],
    );
    expect(again).toEqual({ outcome: 'mismatch', run: first });
  });

  test('a key belongs to its requester and project', async () => {
    await storedRun(store, { idempotencyKey: 'mine' });
    for (const changes of [{ requester: 'grace' }, ...otherScopes]) {
      await expect(createRun(store, newRun({ idempotencyKey: 'mine', ...changes }), [])).resolves.toMatchObject({
        outcome: 'created',
      });
    }
  });

  test('the id of a run of another project is refused, and says nothing of it', async () => {
    const { runId } = await storedRun(store);
    await expect(createRun(store, newRun({ runId, ...otherScopes[0] }), [])).rejects.toMatchObject({
      code: 'run_id_taken',
    });
  });

  test('a conversation has one unfinished run, whoever comes first', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => createRun(store, newRun({ conversationId: 'c-busy' }), [])),
    );
    const winner = outcomes.find((outcome) => outcome.outcome === 'created');
    const winnerId = winner && 'run' in winner ? winner.run.runId : undefined;
    expect(winnerId).toBeDefined();
    expect(outcomes.filter((outcome) => outcome !== winner)).toEqual(
      Array.from({ length: 9 }, () => ({ outcome: 'conversation_busy', runId: winnerId, requester: 'ada' })),
    );
  });

  test('a repetition finds its run on the busy conversation; an ended run frees it', async () => {
    const first = newRun({ conversationId: 'c-freed', idempotencyKey: 'c-freed' });
    await createRun(store, first, []);
    expect(await createRun(store, first, [])).toMatchObject({ outcome: 'existing' });

    await appendEvents(store, ended(first));
    expect(await createRun(store, newRun({ conversationId: 'c-freed' }), [])).toMatchObject({ outcome: 'created' });
  });
});

describe('reads by scope', () => {
  test('another tenant or project sees nothing and changes nothing', async () => {
    const { runId } = await storedRun(store);
    for (const other of otherScopes) {
      expect(await getRun(store, other, runId)).toBeUndefined();
      expect((await listRuns(store, other, { limit: 100 })).map((run) => run.runId)).not.toContain(runId);
      await markRunStarted(store, other, runId);
      expect(await recordCancelRequest(store, other, runId, { bytes: 'x', jws: 'y' })).toBe(false);
    }
    expect(await getRunForGate(store, runId)).toMatchObject({ startedInTemporal: false, cancelRequested: null });
  });
});

describe('marks', () => {
  test('a start is noted; the first cancel stands; an ended run takes none', async () => {
    const run = await storedRun(store);
    await markRunStarted(store, scope, run.runId);
    const first = { bytes: '{"n":1}', jws: 'x.y.z' };
    expect(await recordCancelRequest(store, scope, run.runId, first)).toBe(true);
    expect(await recordCancelRequest(store, scope, run.runId, { bytes: '{"n":2}', jws: 'x.y.z' })).toBe(false);
    expect(await getRun(store, scope, run.runId)).toMatchObject({ startedInTemporal: true, cancelRequested: first });

    const over = await storedRun(store);
    await appendEvents(store, ended(over));
    expect(await recordCancelRequest(store, scope, over.runId, first)).toBe(false);
  });
});

describe('lists', () => {
  const list = { tenant: 'lists', project: 'shop' };

  test('newest first, filtered, in pages without gaps or repetitions', async () => {
    const made = [];
    for (let index = 0; index < 7; index += 1) {
      made.push(
        await storedRun(store, {
          ...list,
          // Two at a time have the same age.
          createdAt: NOW + Math.floor(index / 2),
          agent: index % 2 === 0 ? 'refunds' : 'deploys',
          requester: index < 3 ? 'ada' : 'grace',
          conversationId: `c-${index}`,
          labels: { team: index % 3 === 0 ? "o'brien" : 'b' },
        }),
      );
    }
    await appendEvents(store, ended(made[0]!));

    const seen: string[] = [];
    let cursor: { createdAt: number; runId: string } | undefined;
    do {
      const page = await listRuns(store, list, { limit: 3, ...(cursor && { cursor }) });
      seen.push(...page.map((run) => run.runId));
      cursor = page.length === 3 ? page[2] : undefined;
    } while (cursor);
    const expected = made.toSorted((a, b) => b.createdAt - a.createdAt || (a.runId < b.runId ? 1 : -1));
    expect(seen).toEqual(expected.map((run) => run.runId));

    const count = async (filter: object) => (await listRuns(store, list, { ...filter, limit: 100 })).length;
    expect(await count({ status: 'cancelled' })).toBe(1);
    expect(await count({ status: 'running' })).toBe(6);
    expect(await count({ agent: 'deploys' })).toBe(3);
    expect(await count({ requester: 'ada', agent: 'refunds' })).toBe(2);
    expect(await count({ conversationId: 'c-4' })).toBe(1);
    expect(await count({ label: { name: 'team', value: "o'brien" } })).toBe(3);
    expect(await count({ label: { name: 'nobody', value: 'b' } })).toBe(0);
  });

  test('text that PostgreSQL cannot hold neither fails a write nor a filter', async () => {
    const odd = { tenant: 'odd', project: 'shop' };
    const { runId } = await storedRun(store, { ...odd, labels: { note: 'a\u0000b\ud800' } });
    expect(await getRun(store, odd, runId)).toMatchObject({ labels: { note: 'a\uFFFDb\uFFFD' } });
    const label = { name: 'note', value: 'a\u0000b\ud800' };
    expect(await listRuns(store, odd, { label, limit: 1 })).toHaveLength(1);
    expect(await listRuns(store, odd, { requester: '\u0000', limit: 1 })).toEqual([]);
  });

  test('the unfinished and untouched, in pages: neither ended, nor new, nor with a recent event', async () => {
    const old = { createdAt: NOW - 100_000 };
    const untouched = [await storedRun(store, old), await storedRun(store, old), await storedRun(store, old)];
    const busy = await storedRun(store, old);
    await appendEvents(store, append(busy, numbered([{ type: 'run.suspended', at: NOW, data: {} }])));
    const over = await storedRun(store, old);
    await appendEvents(
      store,
      append(over, numbered([{ type: 'run.cancelled', at: NOW - 90_000, data: { channel: 'api' } }])),
    );

    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await listUnfinishedRuns(store, { untouchedSince: NOW - 60_000, limit: 2, ...(after && { after }) });
      found.push(...page.map((run) => run.runId));
      after = page[1]?.runId;
    } while (after);
    expect(found).toEqual(untouched.map((run) => run.runId).toSorted());
  });
});

test('an unknown run is nothing', async () => {
  expect(await getRun(store, scope, newRunId())).toBeUndefined();
  expect(await getRunForGate(store, newRunId())).toBeUndefined();
});
