import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { approvalId } from '../../src/domain/core/ids.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { makeBlob } from '../../src/store/blobs.ts';
import { claimApproval, liveClaims, releaseClaim } from '../../src/store/claims.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents } from '../../src/store/events.ts';
import { openTestStore } from '../support/database.ts';
import { actor, append, newRunId, NOW, numbered, otherScopes, scope, storedRun } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const UNTIL = NOW + 60_000;

function oneApproval(runId = newRunId()) {
  const id = approvalId(runId, 'call_1_0');
  const claim = (principal: string, changes: { nowMs?: number; until?: number; force?: boolean } = {}) =>
    claimApproval(store, scope, id, { principal, until: UNTIL, nowMs: NOW, force: false, ...changes });
  const release = (principal: string, changes: { nowMs?: number; force?: boolean } = {}) =>
    releaseClaim(store, scope, id, { principal, nowMs: NOW, force: false, ...changes });
  const live = async (nowMs = NOW) => (await liveClaims(store, scope, [id], nowMs)).get(id);
  return { id, claim, release, live };
}
type OneApproval = ReturnType<typeof oneApproval>;

describe('claim', () => {
  test.each<[string, (approval: OneApproval) => Promise<unknown>, object]>([
    ['what nobody holds', ({ claim }) => claim('grace'), { outcome: 'claimed', claim: { principal: 'grace' } }],
    [
      'again: it is longer, and as old as before',
      async ({ claim }) => {
        await claim('grace');
        return claim('grace', { nowMs: NOW + 5, until: UNTIL + 5 });
      },
      { outcome: 'renewed', claim: { principal: 'grace', claimedAt: NOW, until: UNTIL + 5 } },
    ],
    [
      'what another holds',
      async ({ claim }) => {
        await claim('grace');
        return claim('oscar');
      },
      { outcome: 'held', claim: { principal: 'grace', until: UNTIL } },
    ],
    [
      'by force',
      async ({ claim }) => {
        await claim('grace');
        return claim('oscar', { force: true, nowMs: NOW + 5 });
      },
      { outcome: 'taken_over', claim: { principal: 'oscar', claimedAt: NOW + 5 } },
    ],
    [
      'what another held until now',
      async ({ claim }) => {
        await claim('grace');
        return claim('oscar', { nowMs: UNTIL, until: UNTIL + 9 });
      },
      { outcome: 'claimed', claim: { principal: 'oscar', claimedAt: UNTIL, until: UNTIL + 9 } },
    ],
    [
      'what another has released',
      async ({ claim, release }) => {
        await claim('grace');
        await release('grace');
        return claim('oscar');
      },
      { outcome: 'claimed', claim: { principal: 'oscar' } },
    ],
  ])('%s', async (_, act, expected) => {
    const approval = oneApproval();
    expect(await act(approval)).toMatchObject({ claim: { approvalId: approval.id } });
    expect(await act(oneApproval())).toMatchObject(expected);
  });

  test('ten at once: one holds it, the others hear who', async () => {
    const { claim, live } = oneApproval();
    const people = Array.from({ length: 10 }, (_, index) => `person-${index}`);
    const answers = await Promise.all(people.map((principal) => claim(principal)));
    expect(answers.map(({ outcome }) => outcome).toSorted()).toEqual([
      'claimed',
      ...Array.from({ length: 9 }, () => 'held'),
    ]);
    const holder = (await live())?.principal;
    expect(new Set(answers.map((answer) => answer.claim.principal))).toEqual(new Set([holder]));
  });

  test('claimed and released at once, over and over: nobody is answered with another’s claim as their own', async () => {
    const { claim, release } = oneApproval();
    const work = Array.from({ length: 40 }, async (_, index) => {
      const me = `person-${index % 4}`;
      const claimed = await claim(me);
      if (claimed.outcome === 'held') expect(claimed.claim.principal).not.toBe(me);
      else expect(claimed.claim.principal).toBe(me);
      if (index % 3 === 0) await release(me);
    });
    await Promise.all(work);
  });
});

describe('release', () => {
  test.each<[string, (approval: OneApproval) => Promise<unknown>, object, string | undefined]>([
    ['what nobody holds', ({ release }) => release('grace'), { outcome: 'not_claimed' }, undefined],
    [
      'one’s own',
      async ({ claim, release }) => {
        await claim('grace');
        return release('grace');
      },
      { outcome: 'released' },
      undefined,
    ],
    [
      'another’s',
      async ({ claim, release }) => {
        await claim('grace');
        return release('oscar');
      },
      { outcome: 'held', claim: { principal: 'grace' } },
      'grace',
    ],
    [
      'another’s, by force',
      async ({ claim, release }) => {
        await claim('grace');
        return release('oscar', { force: true });
      },
      { outcome: 'released' },
      undefined,
    ],
    [
      'what has run out',
      async ({ claim, release }) => {
        await claim('grace');
        return release('oscar', { nowMs: UNTIL });
      },
      { outcome: 'not_claimed' },
      undefined,
    ],
  ])('%s', async (_, act, expected, holder) => {
    const approval = oneApproval();
    expect(await act(approval)).toMatchObject(expected);
    expect((await approval.live())?.principal).toBe(holder);
  });
});

test('a claim is live until its end, in its scope', async () => {
  const { id, claim, live } = oneApproval();
  const { claim: held } = await claim('grace');
  expect(await live(UNTIL - 1)).toEqual(held);
  expect(await live(UNTIL)).toBeUndefined();
  for (const other of otherScopes) {
    expect(await liveClaims(store, other, [id], NOW)).toEqual(new Map());
    const by = { principal: 'eve', until: UNTIL, nowMs: NOW, force: true };
    await claimApproval(store, other, id, by);
  }
  expect(await live()).toEqual(held);
});

test.each<[string, RunEvent]>([
  ['S1.6 a block', { type: 'run.blocked', at: NOW, data: { code: 'blocked', detail: 'Blocked.' } }],
  [
    'an unblock',
    {
      type: 'run.unblocked',
      at: NOW,
      data: {
        actor: actor('oscar'),
        channel: 'api',
        signatureId: 'jti',
        commandId: 'cmd',
        noteRef: makeBlob({ text: 'Go on.' }).ref,
        answers: [],
      },
    },
  ],
  ['the end', { type: 'run.failed', at: NOW, data: { code: 'turn_limit', detail: 'Too many turns.' } }],
])('%s of a run releases its claims, and no other run’s', async (_, event) => {
  const [run, other] = [await storedRun(store), await storedRun(store)];
  const [mine, theirs] = [oneApproval(run.runId), oneApproval(other.runId)];
  await mine.claim('grace');
  await theirs.claim('grace');
  await appendEvents(store, append(run, numbered([event])));
  expect(await mine.live()).toBeUndefined();
  expect(await theirs.live()).toMatchObject({ principal: 'grace' });
});
