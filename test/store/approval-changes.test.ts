import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { approvalPlace, formatPlace, parsePlace, readApprovalChanges } from '../../src/store/approval-changes.ts';
import type { ApprovalPlace } from '../../src/store/approval-changes.ts';
import { claimApproval, releaseClaim } from '../../src/store/claims.ts';
import { openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents } from '../../src/store/events.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { actor, append, approvalOf, NOW, otherScopes, scope, storedRun } from './fixtures.ts';

let database: TestDatabase;
let store: Store;
beforeAll(async () => {
  database = await createTestDatabase();
  store = openStore({ url: database.url });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

let place: ApprovalPlace;
beforeEach(async () => {
  place = await approvalPlace(store);
});

/** What has become visible since the last time. */
const news = async () => {
  const found = await readApprovalChanges(store, scope, place, 1_000);
  if (!found) throw new Error('the place is not known');
  place = found.place;
  return found.changes;
};
const typesOf = (changes: readonly { readonly type: string }[]) => changes.map(({ type }) => type.split('.')[1]);

let ordinals = 0;
const happens = (run: RunRow, ...events: RunEvent[]) =>
  appendEvents(store, append(run, events.map((event) => ({ ordinal: 1, event })).slice(0, 1), `test:${++ordinals}`));

async function pending(changes: Partial<RunRow> = {}) {
  const run = await storedRun(store, changes);
  const approval = approvalOf(run);
  await happens(run, { type: 'approval.requested', at: NOW, data: { approval } });
  return { run, approval, on: { approvalId: approval.approvalId, revision: 1 } };
}

const signed = { actor: actor('grace'), channel: 'api', signatureId: 'jti_1' } as const;
const by = { principal: 'grace', until: NOW + 60_000, nowMs: NOW, force: false };

describe('what has happened to an approval', () => {
  test('every change of it and of its claim is told, with how it stands', async () => {
    const { run, approval, on } = await pending();
    const deciding = { ...on, ...signed, decisionId: 'd1', digest: approval.digest };
    await claimApproval(store, scope, approval.approvalId, by);
    await happens(run, { type: 'approval.vote_recorded', at: NOW, data: { ...deciding, decision: 'approve' } });
    await happens(run, { type: 'approval.expiring', at: NOW, data: { ...on, decideBy: NOW } });
    await happens(run, { type: 'approval.reminded', at: NOW, data: { ...on, reminder: 1, decideBy: NOW } });
    await happens(run, {
      type: 'approval.extended',
      at: NOW,
      data: { ...on, ...signed, commandId: 'c', decideBy: NOW + 9 },
    });
    await happens(run, { type: 'approval.escalated', at: NOW, data: { ...on, step: 1, decideBy: NOW + 99 } });
    await releaseClaim(store, scope, approval.approvalId, { ...by });
    await happens(run, { type: 'approval.expired', at: NOW, data: on });
    await happens(run, { type: 'approval.reopened', at: NOW, data: { ...on, decideBy: NOW + 999 } });
    await happens(run, {
      type: 'approval.decided',
      at: NOW,
      data: { ...deciding, decision: 'approve', status: 'approved' },
    });
    const changes = await news();
    expect(typesOf(changes)).toEqual([
      ...['requested', 'claimed', 'vote_recorded', 'expiring', 'reminded', 'extended', 'escalated', 'released'],
      ...['expired', 'reopened', 'decided'],
    ]);
    // All as it stands now, at the place in the run where it happened.
    for (const change of changes)
      expect(change).toMatchObject({ approval: { ...on, status: 'approved' }, claim: undefined, revision: 1 });
    expect(changes.map(({ seq }) => seq)).toEqual([1, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9]);
    expect(await news()).toEqual([]);
  });

  test('a run that ends withdraws what pends and lets go of claims', async () => {
    const { run, approval } = await pending();
    await claimApproval(store, scope, approval.approvalId, by);
    await news();
    await happens(run, { type: 'run.cancelled', at: NOW, data: { channel: 'api' } });
    expect(typesOf(await news())).toEqual(['withdrawn', 'released']);
  });

  test('what says nothing new is no change, and other projects see nothing', async () => {
    const { run, on } = await pending();
    await news();
    const data = { ...on, actor: actor('grace'), channel: 'api', digest: approvalOf(run).digest } as const;
    await happens(run, { type: 'approval.shown', at: NOW, data });
    await Promise.all(otherScopes.map((other) => pending(other)));
    expect(await news()).toEqual([]);
  });
});

describe('places', () => {
  /** Two transactions that overlap: the one that began first commits last. */
  test('what commits late is told once, whatever was told before it, and holds nothing up', async () => {
    const [slow, fast] = [await pending(), await pending()];
    await news();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('BEGIN');
    const claim = [scope.tenant, scope.project, slow.approval.approvalId, slow.run.runId, 'late', NOW + 9, NOW, false];
    await client.query('SELECT claim_approval($1, $2, $3, $4, $5, $6, $7, $8)', claim);
    await claimApproval(store, scope, fast.approval.approvalId, by);
    expect((await news()).map(({ approval }) => approval.runId)).toEqual([fast.run.runId]);
    expect(await news()).toEqual([]);
    await client.query('COMMIT');
    await client.end();
    expect((await news()).map(({ approval, claim: held }) => [approval.runId, held?.principal])).toEqual([
      [slow.run.runId, 'late'],
    ]);
    expect(await news()).toEqual([]);
  });

  test('B16 readers that read whenever they like, while many write: each change once, and the last word is the truth', async () => {
    const { rows: before } = await store.pool.query('SELECT max(change_id) AS id FROM approval_changes');
    const writers = await Promise.all(Array.from({ length: 8 }, () => pending()));
    const readers = Array.from({ length: 3 }, () => ({
      place,
      ids: [] as number[],
      states: new Map<string, string>(),
    }));
    let isDone = false;
    const reading = readers.map(async (reader, index) => {
      for (let isLast = false; !isLast;) {
        isLast = isDone;
        const found = await readApprovalChanges(store, scope, reader.place, 1_000);
        if (!found) throw new Error('the place is not known');
        reader.place = found.place;
        for (const { changeId, approval, claim } of found.changes) {
          reader.ids.push(changeId);
          reader.states.set(approval.approvalId, `${approval.decideBy} ${claim?.principal}`);
        }
        for (let pause = 0; pause < index * 3; pause += 1) await store.pool.query('SELECT 1');
      }
    });
    const writing = writers.map(async ({ run, approval, on }, index) => {
      for (let step = 1; step <= 12; step += 1) {
        const name = `w${index}-${step}`;
        await claimApproval(store, scope, approval.approvalId, { ...by, principal: name, force: true });
        const data = { ...on, ...signed, commandId: name, decideBy: NOW + step };
        await happens(run, { type: 'approval.extended', at: NOW, data });
        if (step % 3 === 0) await releaseClaim(store, scope, approval.approvalId, { ...by, principal: name });
      }
    });
    await Promise.all(writing);
    isDone = true;
    await Promise.all(reading);
    const { rows: written } = await store.pool.query<{ id: number }>(
      'SELECT change_id AS id FROM approval_changes WHERE tenant = $1 AND project = $2 AND change_id > $3 ORDER BY 1',
      [scope.tenant, scope.project, before[0].id],
    );
    // Requested, twelve times claimed and extended, four times released.
    expect(written).toHaveLength(8 * (1 + 12 + 12 + 4));
    for (const { ids, states } of readers) {
      expect(ids.toSorted((one, two) => one - two)).toEqual(written.map(({ id }) => id));
      for (const { approval } of writers) expect(states.get(approval.approvalId)).toBe(`${NOW + 12} undefined`);
    }
  });

  test('a place that is too old, too far back, of another database or of before a crash is not gone on from', async () => {
    const other = await createTestDatabase();
    const otherStore = openStore({ url: other.url });
    const foreign = await approvalPlace(otherStore);
    await otherStore.close();
    await other.drop();
    const read = (from: ApprovalPlace, limit = 1_000) => readApprovalChanges(store, scope, from, limit);
    await pending();
    await pending();
    expect(await read(place)).toBeDefined();
    expect(await read(foreign)).toBeUndefined();
    expect(await read({ ...place, atMs: place.atMs - 7 * 86_400_000 })).toBeUndefined();
    expect(await read(place, 1)).toBeUndefined();
    // As PostgreSQL leaves unlogged tables after a crash.
    await store.pool.query('TRUNCATE approval_changes, approval_feeds');
    expect(await read(place)).toBeUndefined();
    expect((await approvalPlace(store)).generation).not.toBe(place.generation);
  });

  test('they travel as text, and nothing but a place is one', () => {
    expect(parsePlace(formatPlace(place))).toEqual(place);
    const [generation, atMs] = [place.generation, place.atMs];
    expect(parsePlace(`${generation}.${atMs}.10:14:10,12`)?.snapshot).toBe('10:14:10,12');
    for (const snapshot of [
      '0:4:',
      '10:4:',
      '10:14:12,10',
      '10:14:14',
      '10:14:9',
      '1:2',
      '',
      "1:2:'",
      `${'9'.repeat(30)}:1:`,
    ])
      expect(parsePlace(`${generation}.${atMs}.${snapshot}`)).toBeUndefined();
    for (const text of ['', '7', 'x.1.1:1:', `${generation}.1e3.1:1:`, `${generation}.1.1:1:\n`])
      expect(parsePlace(text)).toBeUndefined();
  });
});
