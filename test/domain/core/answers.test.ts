import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../src/domain/schemas/approval.ts';
import type { JudgedCall } from '../../../src/domain/schemas/event.ts';
import { call, coreRun, digest, person, ref, rule, typesOf, verdict } from '../../support/core.ts';
import type { CoreRun } from '../../support/core.ts';

const KEY = 'call_1_0';
const ALL = {
  allowedDecisions: ['approve', 'reject', 'edit', 'respond', 'request_changes'],
} satisfies Partial<Verdict>;
const asked = (more: Partial<JudgedCall> = {}): CoreRun => {
  const run = coreRun();
  run.asks(call(1, 0, verdict('ask', ALL), more));
  return run;
};

describe('S1.2 respond', () => {
  test('gives the result in place of the tool, which never runs', () => {
    const run = asked();
    const events = run.decides(KEY, 'respond', { response: true });
    expect(events).toMatchObject([
      { type: 'approval.decided', data: { status: 'answered', responseRef: ref('response') } },
      { type: 'tool.completed', data: { resultRef: ref('response'), suppliedBy: 'person' } },
      { type: 'run.resumed' },
    ]);
    expect(run.dispatches(KEY)).toEqual([]);
    expect(run.call(KEY)?.status).toBe('settled');
    expect(run.state.contributors).toEqual(['anna']);
    expect(run.decides(KEY, 'approve')).toMatchObject([
      { data: { code: 'already_decided', winner: { decision: 'respond' } } },
    ]);
  });

  test('without an answer is refused', () => {
    expect(asked().decides(KEY, 'respond')).toMatchObject([{ data: { code: 'incomplete' } }]);
  });
});

describe('S1.5 request_changes', () => {
  test('ends the call with the comment, and the next call of that tool is its next revision', () => {
    const run = asked();
    expect(run.decides(KEY, 'request_changes', { reason: true })).toMatchObject([
      { type: 'approval.decided', data: { status: 'superseded' } },
      { type: 'tool.denied', data: { code: 'changes_requested', reasonRef: ref('reason') } },
      { type: 'run.resumed' },
    ]);
    const approvalId = `tool-approval:${run.state.identity.runId}:${KEY}`;
    const revised = { approvalId, revision: 1, argumentsRef: ref('a10') };
    expect(run.state.revising).toEqual({ write_file: revised });
    // Another tool's call leaves it open.
    run.asks(call(2, 0, verdict('deny'), { tool: 'other' }));
    expect(run.state.revising).toEqual({ write_file: revised });
    const change = { revision: 2, supersedes: approvalId, previousArgumentsRef: ref('a10') };
    run.asks(call(3, 0, verdict('ask', ALL), change));
    expect(run.state.revising).toEqual({});
    expect(run.approval('call_3_0')).toMatchObject({ ...change, status: 'pending', contributors: ['anna'] });
    run.decides('call_3_0', 'approve');
    expect(run.dispatches('call_3_0')).toMatchObject([{ data: { effectKey: expect.stringMatching(/call_3_0\.2$/) } }]);
  });

  test('without a comment is refused', () => {
    expect(asked().decides(KEY, 'request_changes')).toMatchObject([{ data: { code: 'incomplete' } }]);
  });
});

describe('S1.14 questions', () => {
  const question = (given: Verdict): CoreRun => {
    const run = coreRun();
    run.asks(call(1, 0, given, { tool: 'ask_user', role: 'question' }));
    return run;
  };

  test.each([
    ['allows', verdict('allow'), 'rita'],
    ['asks', verdict('ask', { ...ALL, approverRules: [rule({ users: ['una'] })] }), 'una'],
  ])('wait for an answer where policy %s: respond or reject, nothing else', (_name, given, who) => {
    const run = question(given);
    expect(run.approval(KEY)).toMatchObject({ kind: 'question', verdict: { allowedDecisions: ['respond', 'reject'] } });
    expect(run.state.status).toBe('suspended');
    const actor = person(who);
    expect(run.decides(KEY, 'approve', { actor })).toMatchObject([{ data: { code: 'decision_not_allowed' } }]);
    expect(typesOf(run.decides(KEY, 'respond', { actor, response: true }))).toContain('tool.completed');
  });

  test('are never asked where policy denies them', () => {
    const run = question(verdict('deny'));
    expect(run.approval(KEY)).toBeUndefined();
    expect(run.call(KEY)).toMatchObject({ status: 'settled', denied: true });
  });

  test('are never dispatched, however they end', () => {
    const run = question(verdict('allow'));
    expect(run.dispatches(KEY)).toEqual([]);
    expect(typesOf(run.decides(KEY, 'reject', { actor: person('rita') }))).toContain('tool.denied');
    expect(run.dispatches(KEY)).toEqual([]);
  });
});

describe('S1.8 what was rejected', () => {
  const fingerprint = digest('same');

  test('is refused at once when it is called again, with the reason that was given', () => {
    const run = asked({ fingerprint });
    run.decides(KEY, 'reject', { reason: true });
    const again = run.asks(
      call(2, 0, verdict('ask'), { fingerprint }),
      call(2, 1, verdict('allow'), { fingerprint }),
      call(2, 2, verdict('ask'), { fingerprint, grantId: 'grant_1' }),
      call(2, 3, verdict('ask'), { fingerprint: digest('other') }),
    );
    for (const index of [0, 1, 2])
      expect(again).toContainEqual(
        expect.objectContaining({
          type: 'tool.denied',
          data: expect.objectContaining({
            toolCallId: `call_2_${index}`,
            code: 'already_rejected',
            reasonRef: ref('reason'),
          }),
        }),
      );
    expect(run.approval('call_2_3')?.status).toBe('pending');
    expect(run.dispatches('call_2_1')).toEqual([]);
  });

  test('too often parks the run until somebody unblocks it; the count starts again', () => {
    const run = coreRun({ maxRejections: 2 });
    run.asks(call(1, 0, verdict('ask')), call(1, 1, verdict('ask')), call(1, 2, verdict('ask'), { tool: 'other' }));
    run.decides('call_1_2', 'reject');
    run.decides(KEY, 'reject');
    expect(run.state.status).toBe('suspended');
    expect(run.decides('call_1_1', 'reject')).toMatchObject([
      {},
      {},
      { type: 'run.blocked', data: { code: 'too_many_rejections', detail: expect.stringContaining('write_file') } },
    ]);
    expect(run.finishes()).toEqual([]);
    expect(typesOf(run.unblocks())).toEqual(['run.unblocked', 'run.resumed']);
    run.asks(call(2, 0, verdict('ask')));
    expect(typesOf(run.decides('call_2_0', 'reject'))).not.toContain('run.blocked');
  });

  test('by denials of policy or expiry does not count', () => {
    const run = coreRun({ maxRejections: 1 });
    run.asks(call(1, 0, verdict('deny')), call(1, 1, verdict('ask', { decideWithinMs: 1 })));
    expect(typesOf(run.waits(1))).toEqual(['approval.expired', 'tool.denied', 'run.resumed']);
  });
});

describe('S1.9 calls beyond what may pend at once', () => {
  test('are refused; what needs no consent is not counted', () => {
    const run = coreRun({ maxPending: 2 });
    run.asks(
      call(1, 0, verdict('allow')),
      call(1, 1, verdict('deny')),
      ...[2, 3, 4].map((index) => call(1, index, verdict('ask'))),
      call(1, 5, verdict('allow')),
      call(1, 6, verdict('allow'), { role: 'question' }),
    );
    const refused = run.events.flatMap((event) =>
      event.type === 'tool.denied' && event.data.code === 'too_many_pending' ? [event.data.toolCallId] : [],
    );
    expect(refused).toEqual(['call_1_4', 'call_1_6']);
    expect(run.call('call_1_5')?.status).toBe('ready');
  });
});

describe('grants', () => {
  test('let a call run without asking, as what they are', () => {
    const run = coreRun();
    run.asks(call(1, 0, verdict('ask'), { grantId: 'grant_1' }), call(1, 1, verdict('deny'), { grantId: 'grant_1' }));
    expect(run.dispatches(KEY)).toMatchObject([{ data: { basis: 'grant' } }]);
    expect(run.dispatches('call_1_1')).toEqual([]);
  });

  test('that no longer cover it make the call be asked for, as the next revision', () => {
    const run = coreRun();
    run.asks(call(1, 0, verdict('ask'), { grantId: 'grant_1' }));
    run.dispatches(KEY);
    const asked1 = { verdict: verdict('ask', { ruleId: 'today' }), digest: digest('today'), revision: 2 };
    const events = run.settles(KEY, {
      type: 'refused',
      code: 'grant_over',
      message: 'No.',
      then: 'ask',
      asked: asked1,
    });
    expect(typesOf(events)).toEqual(['approval.requested', 'run.suspended']);
    expect(run.approval(KEY)).toMatchObject({ revision: 2, digest: digest('today'), verdict: { ruleId: 'today' } });
    run.decides(KEY, 'approve');
    expect(run.dispatches(KEY)).toMatchObject([{ data: { basis: 'consent', digest: digest('today') } }]);
  });
});
