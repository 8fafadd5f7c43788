import { describe, expect, test } from 'vitest';
import { editOutcome } from '../../../src/domain/core/edit-outcome.ts';
import type { DecisionKind, Verdict } from '../../../src/domain/schemas/approval.ts';
import { call, coreRun, digest, edit, person, ref, rule, typesOf, verdict } from '../../support/core.ts';
import type { CoreRun, DecisionChange } from '../../support/core.ts';

const KEY = 'call_1_0';
const EDITABLE = { allowedDecisions: ['approve', 'reject', 'edit'] } satisfies Partial<Verdict>;
const ask = (change: Partial<Verdict> = {}) => verdict('ask', { ...EDITABLE, ...change });
const two = rule({ approvals: 2 });
const finance = rule({ groups: ['finance'] });
const legal = rule({ groups: ['legal'] });

const asked = (change: Partial<Verdict> = {}): CoreRun => {
  const run = coreRun();
  run.asks(call(1, 0, ask(change)));
  return run;
};
const by = (principal: string, groups?: string[]) => ({ actor: person(principal, groups) });

describe('what becomes of an edit', () => {
  test.each([
    ['is denied where policy denies it', ask(), verdict('deny'), 'denied'],
    ['is approved where policy allows it', ask(), verdict('allow'), 'approved'],
    ['is approved under the same rules', ask(), ask(), 'approved'],
    ['is approved at a lower risk', ask({ risk: 'high' }), ask({ risk: 'low' }), 'approved'],
    ['is asked again at a higher risk', ask(), ask({ risk: 'high' }), 'revision'],
    ['is asked again where two must agree', ask(), ask({ approverRules: [two] }), 'revision'],
    [
      'is asked again where two must agree as before',
      ask({ approverRules: [two] }),
      ask({ approverRules: [two] }),
      'revision',
    ],
    ['is asked again where others must', ask(), ask({ approverRules: [rule({ notRequester: true })] }), 'revision'],
    [
      'is asked again where another group decides',
      ask({ approverRules: [finance] }),
      ask({ approverRules: [legal] }),
      'revision',
    ],
    [
      'is asked again where two groups must, as before',
      ask({ approverRules: [finance, legal] }),
      ask({ approverRules: [finance, legal] }),
      'revision',
    ],
    [
      'is asked again where one of two groups is enough now',
      ask({ approverRules: [finance, legal] }),
      ask({ approverRules: [legal] }),
      'revision',
    ],
    ['is asked again where it may not be edited', ask(), ask({ allowedDecisions: ['approve', 'reject'] }), 'revision'],
    ['is asked again where it must come in another way', ask(), ask({ channels: ['inbox'] }), 'revision'],
    [
      'is approved where it may come in the same way',
      ask({ channels: ['inbox'] }),
      ask({ channels: ['inbox', 'api'] }),
      'approved',
    ],
  ])('it %s', (_name, before, after, outcome) => {
    expect(editOutcome(before, after)).toBe(outcome);
  });

  test('it is asked again where it was escalated to others than its rules name', () => {
    const before = ask({ approverRules: [finance] });
    expect(editOutcome(before, before, [rule({ groups: ['managers'] })])).toBe('revision');
    expect(editOutcome(before, before, [rule({ groups: ['managers'], approvals: 2 })])).toBe('revision');
  });
});

describe('S1.3 edit', () => {
  test('B1 approves the edited call: its digest and arguments, not those that were asked for', () => {
    const run = asked();
    const edited = edit('b', ask());
    expect(run.decides(KEY, 'edit', { edited })[0]).toMatchObject({
      type: 'approval.decided',
      data: { decision: 'edit', status: 'approved', digest: digest('b'), edited },
    });
    expect(run.dispatches(KEY)).toMatchObject([
      { data: { basis: 'consent', digest: digest('b'), effectKey: expect.stringMatching(/\.1$/) } },
    ]);
    expect(run.call(KEY)?.argumentsRef).toEqual(ref('b'));
    expect(run.state.contributors).toEqual(['anna']);
  });

  test('S2.6 of what two must agree to becomes the next revision, where the editor has no vote and old votes are void', () => {
    const run = asked({ approverRules: [two] });
    run.decides(KEY, 'approve', { ...by('bob'), decisionId: 'first' });
    const events = run.decides(KEY, 'edit', {
      ...by('ed'),
      edited: edit('b', ask({ approverRules: [two] })),
      decisionId: 'e',
    });
    expect(typesOf(events)).toEqual(['approval.superseded', 'approval.requested']);
    expect(run.approval(KEY)).toMatchObject({
      revision: 2,
      digest: digest('b'),
      argumentsRef: ref('b'),
      previousArgumentsRef: ref('a10'),
      editor: 'ed',
      status: 'pending',
    });
    expect(run.approval(KEY)?.votes).toBeUndefined();
    expect(run.decides(KEY, 'approve', by('ed'))).toMatchObject([{ data: { code: 'self_approval' } }]);
    expect(run.decides(KEY, 'approve', { ...by('bob'), revision: 1, digest: digest('1-0') })).toMatchObject([
      { data: { code: 'superseded' } },
    ]);
    expect(run.decides(KEY, 'edit', { ...by('ed'), revision: 1, decisionId: 'e' })).toEqual([]);
    expect(typesOf(run.decides(KEY, 'approve', by('bob')))).toEqual(['approval.vote_recorded']);
    expect(typesOf(run.decides(KEY, 'approve', by('cleo')))).toContain('approval.decided');
    expect(run.dispatches(KEY)).toMatchObject([
      { data: { digest: digest('b'), effectKey: expect.stringMatching(/\.2$/) } },
    ]);
  });

  test('B1 a signature that made a revision counts for nothing on the next', () => {
    const run = asked();
    run.decides(KEY, 'edit', { edited: edit('b', ask({ risk: 'high' })), signatureId: 'one' });
    expect(run.decides(KEY, 'approve', { ...by('bob'), signatureId: 'one' })).toMatchObject([
      { data: { code: 'replayed' } },
    ]);
  });

  test('of one who satisfies one of two rules never approves alone', () => {
    const run = asked({ approverRules: [finance, legal] });
    const edited = edit('b', ask({ approverRules: [finance, legal] }));
    expect(typesOf(run.decides(KEY, 'edit', { ...by('fay', ['finance']), edited }))).toEqual([
      'approval.superseded',
      'approval.requested',
    ]);
  });

  test('of an escalated request by one of the two managers who must agree approves nothing', () => {
    const managers = rule({ groups: ['managers'], approvals: 2 });
    const escalation = { steps: [{ approverRules: [managers], decideWithinMs: 1_000 }], then: 'deny' as const };
    const run = asked({ onExpire: 'escalate', escalation, decideWithinMs: 1_000 });
    run.waits(1_000);
    const edited = edit('b', ask());
    expect(typesOf(run.decides(KEY, 'edit', { ...by('max', ['managers']), edited }))).toEqual([
      'approval.superseded',
      'approval.requested',
    ]);
  });

  test('that policy denies is refused, and the request stays open', () => {
    const run = asked();
    expect(run.decides(KEY, 'edit', { edited: edit('b', verdict('deny')) })).toMatchObject([
      { type: 'decision.refused', data: { code: 'policy_denied' } },
    ]);
    expect(run.approval(KEY)).toMatchObject({ status: 'pending', digest: digest('1-0') });
  });

  test.each<[string, DecisionKind, DecisionChange, string]>([
    ['an edit without the edited call', 'edit', {}, 'incomplete'],
    ['an approval with an edited call', 'approve', { edited: edit('b', verdict('allow')) }, 'incomplete'],
    ['an approval with a response', 'approve', { response: true }, 'incomplete'],
    ['a rejection with a grant', 'reject', { grantId: 'grant_1' }, 'incomplete'],
    ['an edit with a grant', 'edit', { edited: edit('b', ask()), grantId: 'grant_1' }, 'incomplete'],
    ['a rejection that sets state', 'reject', { statePaths: ['a'] }, 'incomplete'],
    ['an approval that names no digest', 'approve', { digest: 'none' }, 'digest_mismatch'],
    ['an edit that names no digest', 'edit', { digest: 'none', edited: edit('b', ask()) }, 'digest_mismatch'],
    ['an edit of another digest', 'edit', { digest: digest('x'), edited: edit('b', ask()) }, 'digest_mismatch'],
    ['a rejection of another digest', 'reject', { digest: digest('x') }, 'digest_mismatch'],
    ['an edit where none is allowed', 'request_changes', { reason: true }, 'decision_not_allowed'],
  ])('%s is refused', (_name, decision, change, code) => {
    const run = asked({ stateEditable: ['a'] });
    expect(run.decides(KEY, decision, change)).toMatchObject([{ type: 'decision.refused', data: { code } }]);
    expect(run.approval(KEY)?.status).toBe('pending');
  });

  test('a rejection needs no digest', () => {
    const run = asked();
    expect(typesOf(run.decides(KEY, 'reject', { digest: 'none' }))).toContain('tool.denied');
  });
});

describe("S1.4 edits of the run's state", () => {
  const editable = { stateEditable: ['budget', 'orders.*.approved'] };

  test.each([
    [['budget'], undefined],
    [['budget.limit'], undefined],
    [['orders.3.approved'], undefined],
    [['orders.3'], 'state_path_not_allowed'],
    [['orders.3.paid'], 'state_path_not_allowed'],
    [['budgets'], 'state_path_not_allowed'],
    [['budget', 'owner'], 'state_path_not_allowed'],
  ])('%j', (statePaths, code) => {
    const run = asked(editable);
    const [event] = run.decides(KEY, 'approve', { statePaths });
    if (code === undefined)
      expect(event).toMatchObject({ type: 'approval.decided', data: { statePaths, stateEditsRef: ref('state') } });
    else expect(event).toMatchObject({ type: 'decision.refused', data: { code } });
  });

  test('none where the rule names no paths', () => {
    expect(asked().decides(KEY, 'approve', { statePaths: ['budget'] })).toMatchObject([
      { data: { code: 'state_path_not_allowed' } },
    ]);
  });

  test.each([
    ['of a quorum', [two], 'anna', []],
    ['for one of two rules', [finance, legal], 'fay', ['finance']],
  ])('a vote %s sets none: it decides nothing alone', (_name, approverRules, principal, groups) => {
    const run = asked({ ...editable, approverRules });
    expect(run.decides(KEY, 'approve', { ...by(principal, groups), statePaths: ['budget'] })).toMatchObject([
      { data: { code: 'state_edits_need_one_decider' } },
    ]);
    expect(run.approval(KEY)?.votes).toBeUndefined();
  });

  test('an edit that is asked again sets none', () => {
    const run = asked(editable);
    const edited = edit('b', ask({ approverRules: [two] }));
    expect(run.decides(KEY, 'edit', { edited, statePaths: ['budget'] })).toMatchObject([
      { data: { code: 'state_edits_need_one_decider' } },
    ]);
  });

  test('make whoever gave them a contributor', () => {
    const run = asked(editable);
    run.decides(KEY, 'approve', { statePaths: ['budget'] });
    expect(run.state.contributors).toEqual(['anna']);
  });
});
