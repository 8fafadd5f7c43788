/** Whose authority a vote counts by: a seat that several people could take is filled once. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decidable } from '../../../src/domain/core/approver-rules.ts';
import { tally, votesFor } from '../../../src/domain/core/quorum.ts';
import type { Vote } from '../../../src/domain/core/quorum.ts';
import type { Actor } from '../../../src/domain/schemas/actor.ts';
import type { ApproverRule } from '../../../src/domain/schemas/approval.ts';
import { call, coreRun, person, rule, typesOf, verdict } from '../../support/core.ts';

const yes = (actor: Actor): Vote => ({ decision: 'approve', actor });
const ann = person('ann', ['finance']);
const bob = person('bob', ['legal']);
const standIn = (principal: string, from: readonly Actor[], groups: string[] = []): Actor => ({
  ...person(principal, groups),
  delegatedFrom: from.map((one) => ({ principal: one.principal, groups: one.groups })),
});

const forAnn = standIn('dan', [ann]);
const forBoth = standIn('dan', [ann, bob]);
const alsoForAnn = standIn('eve', [ann]);
const inOwnRight = standIn('dan', [ann], ['finance']);
const named = rule({ users: ['ann', 'bob'], approvals: 2 });
const finance = rule({ groups: ['finance'], approvals: 2 });
const mixed = rule({ users: ['bob'], groups: ['finance'], approvals: 2 });

const CASES: Record<string, readonly [ApproverRule, readonly Actor[], number]> = {
  'a named person and their delegate are one': [named, [ann, forAnn], 1],
  'so are two delegates of one person': [named, [forAnn, alsoForAnn], 1],
  'and all three of them': [named, [forAnn, ann, alsoForAnn], 1],
  'a delegate and somebody else who is named are two': [named, [forAnn, bob], 2],
  'a delegate of two is one': [named, [forBoth], 1],
  'a delegate of two leaves the seat to whom it belongs': [named, [forBoth, ann], 2],
  'whoever voted first': [named, [ann, forBoth], 2],
  'a delegate of two makes room for a delegate of one': [named, [forBoth, alsoForAnn], 2],
  'three people fill no more than two seats': [named, [forBoth, ann, bob], 2],
  'a group’s member and their delegate are one': [finance, [ann, forAnn], 1],
  'a member who is a delegate too has a seat of their own': [finance, [inOwnRight, ann], 2],
  'and only that one': [finance, [inOwnRight], 1],
  'two delegates of a member who is a delegate too': [finance, [inOwnRight, ann, alsoForAnn], 2],
  'whom a delegate’s own group names, not whom they stand in for': [mixed, [inOwnRight, bob], 2],
  'groups of one delegator say nothing for another': [
    rule({ groups: ['finance'], users: ['zoe'], approvals: 2 }),
    [forBoth, ann],
    1,
  ],
  'any approver counts for themselves': [rule({ approvals: 2 }), [ann, forAnn], 2],
  'as it was signed at first, the delegate has a seat of their own': [
    named,
    [ann, { ...person('dan', ['finance']), delegatedFrom: ['ann'] }],
    2,
  ],
};

const orders = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  items.length < 2
    ? [items]
    : items.flatMap((one, index) => orders(items.toSpliced(index, 1)).map((rest) => [one, ...rest]));

describe('B10 seats', () => {
  test.each(Object.entries(CASES))('%s', (_name, [given, actors, seats]) => {
    for (const order of orders(actors)) expect(votesFor(given, order.map(yes), 'approve', [])).toBe(seats);
  });

  test('the seat of somebody who may not decide stays empty', () => {
    const asking: Decidable = {
      verdict: verdict('ask', { approverRules: [rule({ users: ['ann', 'bob'], approvals: 2, notRequester: true })] }),
    };
    expect(tally(asking, [yes(forBoth), yes(bob)], 'zoe')).toBe('approved');
    expect(tally(asking, [yes(forBoth), yes(bob)], 'ann')).toBe('open');
  });

  test('in a run: the second vote by the same authority is recorded and decides nothing', () => {
    const run = coreRun();
    run.asks(call(1, 0, verdict('ask', { approverRules: [named] })));
    expect(typesOf(run.decides('call_1_0', 'approve', { actor: ann }))).toEqual(['approval.vote_recorded']);
    expect(typesOf(run.decides('call_1_0', 'approve', { actor: forAnn }))).toEqual(['approval.vote_recorded']);
    expect(run.approval('call_1_0')?.status).toBe('pending');
    expect(typesOf(run.decides('call_1_0', 'approve', { actor: bob }))).toContain('approval.decided');
  });
});

const NAMES = ['ann', 'bob', 'cleo', 'dan', 'eve'];
const GROUPS = ['finance', 'legal'];
const someOf = (from: string[]) => fc.subarray(from);
const actorOf = (principal: string): fc.Arbitrary<Actor> =>
  fc
    .record({
      groups: someOf(GROUPS),
      delegators: fc.uniqueArray(fc.record({ principal: fc.constantFrom(...NAMES), groups: someOf(GROUPS) }), {
        selector: (one) => one.principal,
        maxLength: 3,
      }),
    })
    .map(({ groups, delegators }) => ({
      ...person(principal, groups),
      delegatedFrom: delegators.filter((one) => one.principal !== principal),
    }));
const votersOf = fc.shuffledSubarray(NAMES).chain((voters) => fc.tuple<Actor[]>(...voters.map(actorOf)));
const ruleOf = fc
  .record({ users: someOf(NAMES), groups: someOf(GROUPS) })
  .map(({ users, groups }) => rule({ ...(users.length > 0 && { users }), ...(groups.length > 0 && { groups }) }));

/** Everybody has a seat of their own or one of a delegator's, and all ways to seat them are tried. */
const mostSeats = (given: ApproverRule, [first, ...others]: readonly Actor[], taken: readonly string[]): number => {
  if (first === undefined) return taken.length;
  const isNamed = (name: string, groups: readonly string[]) =>
    (!given.users && !given.groups) ||
    given.users?.includes(name) ||
    groups.some((group) => given.groups?.includes(group));
  const delegators = (first.delegatedFrom ?? []).filter((one) => typeof one !== 'string');
  const seats = isNamed(first.principal, first.groups)
    ? [first.principal]
    : delegators.filter((one) => isNamed(one.principal, one.groups)).map((one) => one.principal);
  const free = seats.filter((seat) => !taken.includes(seat));
  return Math.max(mostSeats(given, others, taken), ...free.map((seat) => mostSeats(given, others, [...taken, seat])));
};

describe('B10 any people, any delegations', () => {
  test('as many seats are filled as can be, in whatever order they vote', () => {
    fc.assert(
      fc.property(ruleOf, votersOf, (given, voters) => {
        const counted = votesFor(given, voters.map(yes), 'approve', []);
        expect(counted).toBe(mostSeats(given, voters, []));
        expect(votesFor(given, voters.toReversed().map(yes), 'approve', [])).toBe(counted);
      }),
      { numRuns: 2_000 },
    );
  });

  test('one person is one vote, and no seat is filled that nobody whom the rule names has', () => {
    fc.assert(
      fc.property(ruleOf, votersOf, (given, voters) => {
        const votes = voters.map(yes);
        const counted = votesFor(given, votes, 'approve', []);
        expect(votesFor(given, [...votes, ...votes], 'approve', [])).toBe(counted);
        expect(counted).toBeLessThanOrEqual(voters.length);
        expect(votesFor(given, votes, 'approve', NAMES)).toBe(0);
      }),
    );
  });
});
