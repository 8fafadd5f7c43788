import { describe, expect, test } from 'vitest';
import { decisionFault } from '../../../src/domain/core/approver-rules.ts';
import type { Answer, Decidable } from '../../../src/domain/core/approver-rules.ts';
import type { Actor } from '../../../src/domain/schemas/actor.ts';
import type { ApproverRule } from '../../../src/domain/schemas/approval.ts';
import { call, coreRun, person, rule, typesOf, verdict } from '../../support/core.ts';
import type { CoreRun } from '../../support/core.ts';

const KEY = 'call_1_0';

type DelegatedFrom = NonNullable<Actor['delegatedFrom']>;

const standIn = (principal: string, delegatedFrom: DelegatedFrom, groups: string[] = []): Actor => ({
  ...person(principal, groups),
  delegatedFrom,
});
/** Who is in no group of their own but stands in for somebody. */
const delegate = (principal: string, from: string, groups: string[] = []): Actor =>
  standIn(principal, [{ principal: from, groups }]);
const keyOf = (principal: string, createdBy: string): Actor => ({ ...person(principal), createdBy });

interface Case {
  readonly rules: readonly ApproverRule[];
  readonly approval?: Partial<Decidable>;
  readonly actor: Actor;
  readonly answer?: Partial<Answer>;
  readonly fault: string | undefined;
}

const others = rule({ notRequester: true });
const two = rule({ approvals: 2 });
const finance = rule({ groups: ['finance'] });

/** The requester is rita; charlie's words are in the run; ed has edited the request. */
const CASES: Record<string, Case> = {
  'anybody where no rule names groups or users': { rules: [rule()], actor: person('anna'), fault: undefined },
  'anybody where there is no rule at all': { rules: [], actor: person('anna'), fault: undefined },
  'B18 a service, whatever its groups': {
    rules: [finance],
    actor: { ...person('bot', ['finance']), kind: 'service' },
    fault: 'service_cannot_decide',
  },
  'a member of the group': { rules: [finance], actor: person('fay', ['finance']), fault: undefined },
  'a member of another group': { rules: [finance], actor: person('leo', ['legal']), fault: 'not_an_approver' },
  'a named user': { rules: [rule({ users: ['fay'] })], actor: person('fay'), fault: undefined },
  'another than the named user': { rules: [rule({ users: ['fay'] })], actor: person('f'), fault: 'not_an_approver' },
  'a named user beside a group': {
    rules: [rule({ users: ['fay'], groups: ['legal'] })],
    actor: person('fay'),
    fault: undefined,
  },
  'whoever qualifies for one of two rules': {
    rules: [finance, rule({ groups: ['legal'] })],
    actor: person('leo', ['legal']),
    fault: undefined,
  },
  'B10 the delegate of a named user': {
    rules: [rule({ users: ['fay'] })],
    actor: delegate('dan', 'fay'),
    fault: undefined,
  },
  'B10 a delegate with the groups of who delegated': {
    rules: [finance],
    actor: delegate('dan', 'fay', ['finance']),
    fault: undefined,
  },
  'the requester, where nothing forbids it': { rules: [rule()], actor: person('rita'), fault: undefined },
  'the requester, where others must': { rules: [others], actor: person('rita'), fault: 'self_approval' },
  'the requester, where one rule of two says others': {
    rules: [rule(), rule({ groups: ['finance'], notRequester: true })],
    actor: person('rita', ['finance']),
    fault: 'self_approval',
  },
  'a key that the requester made for another name': {
    rules: [others],
    actor: keyOf('sock', 'rita'),
    fault: 'self_approval',
  },
  'a key that somebody else made': { rules: [others], actor: keyOf('anna', 'root'), fault: undefined },
  'the requester, as a delegate of somebody else': {
    rules: [rule({ users: ['fay'], notRequester: true })],
    actor: delegate('rita', 'fay'),
    fault: 'self_approval',
  },
  'a delegate of the requester, by whose authority alone they could': {
    rules: [rule({ groups: ['finance'], notRequester: true })],
    actor: delegate('dan', 'rita', ['finance']),
    fault: 'self_approval',
  },
  'a delegate of the requester, by their own authority': {
    rules: [rule({ groups: ['finance'], notRequester: true })],
    actor: standIn('dan', [{ principal: 'rita', groups: ['finance'] }], ['finance']),
    fault: undefined,
  },
  'a delegate of the requester, by that of another': {
    rules: [rule({ groups: ['finance'], notRequester: true })],
    actor: standIn('dan', [
      { principal: 'rita', groups: ['finance'] },
      { principal: 'fay', groups: ['finance'] },
    ]),
    fault: undefined,
  },
  'a delegate of the requester, where any approver may': {
    rules: [others],
    actor: delegate('dan', 'rita'),
    fault: undefined,
  },
  'a delegate of the requester, signed without whose groups are whose': {
    rules: [others],
    actor: standIn('dan', ['rita']),
    fault: 'self_approval',
  },
  'who contributed to the run, where others must': {
    rules: [others],
    approval: { contributors: ['charlie'] },
    actor: person('charlie'),
    fault: 'self_approval',
  },
  'a delegate of who contributed': {
    rules: [rule({ users: ['charlie'], notRequester: true })],
    approval: { contributors: ['charlie'] },
    actor: delegate('dan', 'charlie'),
    fault: 'self_approval',
  },
  'who contributed, where nothing forbids it': {
    rules: [rule()],
    approval: { contributors: ['charlie'] },
    actor: person('charlie'),
    fault: undefined,
  },
  'the editor, where one is enough': {
    rules: [rule()],
    approval: { editor: 'ed' },
    actor: person('ed'),
    fault: undefined,
  },
  'the editor, where two must': {
    rules: [two],
    approval: { editor: 'ed' },
    actor: person('ed'),
    fault: 'self_approval',
  },
  'the editor, where others must': {
    rules: [others],
    approval: { editor: 'ed' },
    actor: person('ed'),
    fault: 'self_approval',
  },
  'a key that the editor made': {
    rules: [two],
    approval: { editor: 'ed' },
    actor: keyOf('sock', 'ed'),
    fault: 'self_approval',
  },
  'the requester as one of two, where nothing forbids it': { rules: [two], actor: person('rita'), fault: undefined },
  'no reason, where any rule wants one': {
    rules: [rule(), rule({ reasonRequired: true })],
    actor: person('anna'),
    fault: 'reason_required',
  },
  'a reason, where one is wanted': {
    rules: [rule({ reasonRequired: true })],
    actor: person('anna'),
    answer: { hasReason: true },
    fault: undefined,
  },
  'a kind of decision that the tool does not allow': {
    rules: [rule()],
    actor: person('anna'),
    answer: { decision: 'edit' },
    fault: 'decision_not_allowed',
  },
  'a channel that is not among those named': {
    rules: [rule()],
    approval: { verdict: verdict('ask', { channels: ['inbox'] }) },
    actor: person('anna'),
    fault: 'channel_not_allowed',
  },
  'a channel that is named': {
    rules: [rule()],
    approval: { verdict: verdict('ask', { channels: ['inbox', 'api'] }) },
    actor: person('anna'),
    fault: undefined,
  },
  'who qualified before it was escalated to others': {
    rules: [finance],
    approval: { escalated: 1 },
    actor: person('fay', ['finance']),
    fault: 'not_an_approver',
  },
  'whom it was escalated to': {
    rules: [finance],
    approval: { escalated: 1 },
    actor: person('max', ['managers']),
    fault: undefined,
  },
};

describe('S2.4 who may decide', () => {
  test.each(Object.entries(CASES))('%s', (_name, { rules, approval = {}, actor, answer = {}, fault }) => {
    const steps = [{ approverRules: [rule({ groups: ['managers'] })], decideWithinMs: 1 }];
    const given = verdict('ask', { approverRules: [...rules], escalation: { steps, then: 'deny' } });
    const decidable = { ...approval, verdict: approval.verdict ?? given };
    const whole = { decision: 'approve', actor, channel: 'api', hasReason: false, ...answer } as const;
    expect(decisionFault(decidable, whole, 'rita')).toBe(fault);
  });
});

describe('S2.4 a quorum', () => {
  const asked = (...rules: ApproverRule[]): CoreRun => {
    const run = coreRun();
    run.asks(call(1, 0, verdict('ask', { approverRules: rules })));
    return run;
  };
  const by = (principal: string, groups?: string[]) => ({ actor: person(principal, groups) });

  test('of two: the first vote is recorded, the second decides', () => {
    const run = asked(two);
    expect(run.decides(KEY, 'approve', by('anna'))).toMatchObject([
      {
        type: 'approval.vote_recorded',
        data: { decision: 'approve', actor: { principal: 'anna' }, signatureId: 'jti-decision-1' },
      },
    ]);
    expect(run.state.status).toBe('suspended');
    expect(run.dispatches(KEY)).toEqual([]);
    expect(typesOf(run.decides(KEY, 'approve', by('bob')))).toEqual(['approval.decided', 'run.resumed']);
    expect(run.approval(KEY)?.votes).toHaveLength(1);
    expect(typesOf(run.dispatches(KEY))).toEqual(['tool.started']);
  });

  test('S3.7 the same vote again changes nothing; another of the same person, by whatever key, is refused', () => {
    const run = asked(two);
    run.decides(KEY, 'approve', { ...by('anna'), decisionId: 'first' });
    expect(run.decides(KEY, 'approve', { ...by('anna'), decisionId: 'first' })).toEqual([]);
    for (const actor of [person('anna'), { ...person('anna'), credentialId: 'second' }])
      for (const decision of ['approve', 'reject'] as const)
        expect(run.decides(KEY, decision, { actor })).toMatchObject([
          { type: 'decision.refused', data: { code: 'already_voted' } },
        ]);
    expect(run.approval(KEY)?.status).toBe('pending');
  });

  test('B1 a signature that was counted as a vote counts for no other', () => {
    const run = asked(rule({ approvals: 3 }));
    run.decides(KEY, 'approve', { ...by('anna'), signatureId: 'one' });
    expect(run.decides(KEY, 'approve', { ...by('bob'), signatureId: 'one' })).toMatchObject([
      { data: { code: 'replayed' } },
    ]);
  });

  test('of several rules: each counts its own', () => {
    const run = asked(finance, rule({ groups: ['legal'] }));
    expect(run.decides(KEY, 'approve', by('gus'))).toMatchObject([{ data: { code: 'not_an_approver' } }]);
    expect(typesOf(run.decides(KEY, 'approve', by('fay', ['finance'])))).toEqual(['approval.vote_recorded']);
    expect(typesOf(run.decides(KEY, 'approve', by('fred', ['finance'])))).toEqual(['approval.vote_recorded']);
    expect(typesOf(run.decides(KEY, 'approve', by('leo', ['legal'])))).toEqual(['approval.decided', 'run.resumed']);
  });

  test('of two rejections: the call lives until the second', () => {
    const run = asked(rule({ approvals: 2, rejections: 2 }));
    expect(typesOf(run.decides(KEY, 'reject', by('anna')))).toEqual(['approval.vote_recorded']);
    expect(typesOf(run.decides(KEY, 'approve', by('bob')))).toEqual(['approval.vote_recorded']);
    expect(typesOf(run.decides(KEY, 'reject', by('cleo')))).toContain('tool.denied');
    expect(run.approval(KEY)?.status).toBe('rejected');
  });

  test('a decision that the gate found invalid takes every vote with it', () => {
    const run = asked(two);
    run.decides(KEY, 'approve', by('anna'));
    run.decides(KEY, 'approve', by('bob'));
    run.dispatches(KEY);
    run.settles(KEY, { type: 'refused', code: 'no', message: 'No.', then: 'void_consent' });
    expect(run.approval(KEY)).toMatchObject({ status: 'pending', voids: 1 });
    expect(typesOf(run.decides(KEY, 'approve', by('anna')))).toEqual(['approval.vote_recorded']);
    expect(typesOf(run.decides(KEY, 'approve', by('bob')))).toContain('approval.decided');
  });

  test('who gave words to the run may not approve what it asks for next, where others must', () => {
    const run = asked(rule());
    run.decides(KEY, 'reject', { ...by('charlie'), reason: true });
    run.asks(call(2, 0, verdict('ask', { approverRules: [others] })));
    expect(run.approval('call_2_0')?.contributors).toEqual(['charlie']);
    expect(run.decides('call_2_0', 'approve', by('charlie'))).toMatchObject([{ data: { code: 'self_approval' } }]);
    expect(typesOf(run.decides('call_2_0', 'approve', by('anna')))).toContain('approval.decided');
  });

  test('whoever approves without a word contributes nothing', () => {
    const run = asked(rule());
    run.decides(KEY, 'approve', { ...by('anna'), reason: true });
    expect(run.state.contributors).toBeUndefined();
  });
});
