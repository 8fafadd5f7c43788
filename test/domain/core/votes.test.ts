import { describe, expect, test } from 'vitest';
import type { Decidable } from '../../../src/domain/core/approver-rules.ts';
import { decidesAlone, tally } from '../../../src/domain/core/quorum.ts';
import type { Actor } from '../../../src/domain/schemas/actor.ts';
import type { ApproverRule } from '../../../src/domain/schemas/approval.ts';
import { person, rule, verdict } from '../../support/core.ts';

const two = rule({ approvals: 2 });
const finance = rule({ groups: ['finance'] });
const asking = (...approverRules: ApproverRule[]): Decidable => ({ verdict: verdict('ask', { approverRules }) });

describe('votes', () => {
  const yes = (actor: Actor) => ({ decision: 'approve' as const, actor });
  const no = (actor: Actor) => ({ decision: 'reject' as const, actor });
  const [anna, bob, cleo] = [
    person('anna', ['finance']),
    person('bob', ['finance', 'legal']),
    person('cleo', ['legal']),
  ];
  const both = [finance, rule({ groups: ['legal'] })];

  test.each([
    ['one of one', [rule()], [yes(anna)], 'approved'],
    ['none', [rule()], [], 'open'],
    ['one of two', [two], [yes(anna)], 'open'],
    ['two of two', [two], [yes(anna), yes(bob)], 'approved'],
    ['the same person by two keys', [two], [yes(anna), yes({ ...anna, credentialId: 'other' })], 'open'],
    ['two, of whom one is in the group', [rule({ groups: ['finance'], approvals: 2 })], [yes(anna), yes(cleo)], 'open'],
    ['one rule of two', both, [yes(anna)], 'open'],
    ['each rule by another', both, [yes(anna), yes(cleo)], 'approved'],
    ['both rules by one who is in both groups', both, [yes(bob)], 'approved'],
    ['one rejection', [two], [yes(anna), no(bob)], 'rejected'],
    ['one rejection of two needed', [rule({ rejections: 2 })], [no(anna)], 'open'],
    ['two rejections of two needed', [rule({ rejections: 2 })], [no(anna), no(bob)], 'rejected'],
    ['a rejection by one whom no rule counts', [finance], [no(cleo)], 'open'],
    ['a rejection that one of two rules counts', both, [no(cleo)], 'rejected'],
    ['no rules and an approval', [], [yes(anna)], 'approved'],
    ['no rules and a rejection', [], [no(anna)], 'rejected'],
    ['no rules and no vote', [], [], 'open'],
  ])('%s', (_name, rules, votes, outcome) => {
    expect(tally(asking(...rules), votes, 'rita')).toBe(outcome);
  });

  test('a person decides alone where their own vote satisfies every rule', () => {
    expect([anna, bob].map((actor) => decidesAlone(asking(...both), actor, 'rita'))).toEqual([false, true]);
    expect(decidesAlone(asking(two), anna, 'rita')).toBe(false);
  });
});
