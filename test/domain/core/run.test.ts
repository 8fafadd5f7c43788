import { describe, expect, test } from 'vitest';
import { next } from '../../../src/domain/core/next.ts';
import { call, coreRun, digest, person, ref, rule, verdict } from '../../support/core.ts';
import type { CoreRun } from '../../support/core.ts';

const KEY = 'call_1_0';
const DAY_MS = 86_400_000;

const askedRun = (change: Parameters<typeof verdict>[1] = {}): CoreRun => {
  const run = coreRun();
  run.asks(call(1, 0, verdict('ask', change)));
  return run;
};

const actions = (run: CoreRun) => next(run.state, run.now).map((action) => action.type);
const finish = (run: CoreRun) => {
  run.apply({ type: 'begin_turn' });
  const usage = { inputTokens: 1, outputTokens: 1 };
  return run.apply({
    type: 'model_settled',
    result: { type: 'answered', messageRef: ref('end'), finishReason: 'stop', calls: [], usage },
  });
};

describe('a run', () => {
  test('asks the model, waits for consent, runs the call, asks again and completes', () => {
    const run = coreRun();
    expect(actions(run)).toEqual(['call_model']);
    run.asks(call(1, 0, verdict('ask')));
    expect(run.state.status).toBe('suspended');
    expect(next(run.state, run.now)).toEqual([{ type: 'wait', until: run.now + DAY_MS }]);
    run.decides(KEY, 'approve');
    expect(actions(run)).toEqual(['run_tool', 'wait']);
    run.apply({ type: 'dispatch', toolCallId: KEY });
    run.apply({ type: 'tool_settled', toolCallId: KEY, result: { type: 'completed', resultRef: ref('r') } });
    finish(run);
    expect(run.types()).toEqual([
      'run.started',
      'turn.started',
      'message.completed',
      'usage.recorded',
      'approval.requested',
      'run.suspended',
      'approval.decided',
      'run.resumed',
      'tool.started',
      'tool.completed',
      'turn.started',
      'message.completed',
      'usage.recorded',
      'run.completed',
    ]);
    expect(run.state.usage).toEqual({ inputTokens: 11, outputTokens: 6 });
    expect(actions(run)).toEqual(['end']);
  });

  test('runs what is allowed while it waits for what asks', () => {
    const run = coreRun();
    run.asks(call(1, 0, verdict('allow')), call(1, 1, verdict('ask')), call(1, 2, verdict('deny')));
    expect(run.state.status).toBe('running');
    expect(next(run.state, run.now)).toMatchObject([{ type: 'run_tool', call: { toolCallId: KEY } }, { type: 'wait' }]);
    run.apply({ type: 'dispatch', toolCallId: KEY });
    run.apply({ type: 'tool_settled', toolCallId: KEY, result: { type: 'completed', resultRef: ref('r') } });
    expect(run.state.status).toBe('suspended');
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: 'tool.denied', data: expect.objectContaining({ toolCallId: 'call_1_2' }) }),
    );
  });

  test('dispatches at most as many tools at once as its limit says', () => {
    const run = coreRun({ maxConcurrentTools: 2 });
    run.asks(...[0, 1, 2].map((index) => call(1, index, verdict('allow'))));
    const first = next(run.state, run.now).filter((action) => action.type === 'run_tool');
    expect(first).toHaveLength(2);
    run.apply({ type: 'dispatch', toolCallId: 'call_1_0' });
    run.apply({ type: 'dispatch', toolCallId: 'call_1_1' });
    expect(actions(run)).toEqual(['wait']);
  });

  test('fails at its limit of turns', () => {
    const run = coreRun({ maxTurns: 1 });
    run.asks(call(1, 0, verdict('deny')));
    expect(run.apply({ type: 'begin_turn' })).toMatchObject([{ type: 'run.failed', data: { code: 'turn_limit' } }]);
  });
});

describe('decisions', () => {
  test('S1.6 S2.1 the first valid decision wins, others are refused with the winner', () => {
    const run = askedRun();
    run.decides(KEY, 'approve', { decisionId: 'first', actor: person('anna') });
    expect(run.decides(KEY, 'reject', { actor: person('bob') })).toMatchObject([
      {
        type: 'decision.refused',
        data: { code: 'already_decided', winner: { decisionId: 'first', decision: 'approve', principal: 'anna' } },
      },
    ]);
  });

  test('S3.7 the same decision delivered twice changes nothing', () => {
    const run = askedRun();
    run.decides(KEY, 'approve', { decisionId: 'one' });
    expect(run.decides(KEY, 'approve', { decisionId: 'one' })).toEqual([]);
  });

  test('B1 an approval of another digest, or of none, is refused and the approval stays open', () => {
    const run = askedRun();
    const refused = run.decides(KEY, 'approve', { digest: digest('other') });
    expect(refused).toMatchObject([{ type: 'decision.refused', data: { code: 'digest_mismatch' } }]);
    expect(run.state.approvals[`tool-approval:${run.state.identity.runId}:${KEY}`]?.status).toBe('pending');
  });

  test.each([
    ['service_cannot_decide', {}, { actor: { ...person('bot'), kind: 'service' as const } }],
    ['decision_not_allowed', { allowedDecisions: ['reject' as const] }, {}],
    ['not_an_approver', { approverRules: [rule({ groups: ['finance'] })] }, {}],
    ['self_approval', { approverRules: [rule({ notRequester: true })] }, { actor: person('rita') }],
    ['reason_required', { approverRules: [rule({ reasonRequired: true })] }, {}],
    ['superseded', {}, { revision: 2 }],
    ['expired', {}, { attestedAt: 1_000_000 + DAY_MS }],
  ])('refuses with %s', (code, change, decision) => {
    const run = askedRun(change);
    expect(run.decides(KEY, 'approve', decision)).toMatchObject([{ type: 'decision.refused', data: { code } }]);
    expect(run.state.status).toBe('suspended');
    expect(actions(run)).toEqual(['wait']);
  });

  test('B2 a rejected call has no way to be dispatched', () => {
    const run = askedRun();
    run.decides(KEY, 'reject', { reason: true });
    expect(run.events.at(-2)).toMatchObject({
      type: 'tool.denied',
      data: { code: 'rejected', reasonRef: ref('reason') },
    });
    expect(run.apply({ type: 'dispatch', toolCallId: KEY })).toEqual([]);
    expect(actions(run)).toEqual(['call_model']);
  });
});

describe('clocks', () => {
  test('S1.7 B8 an undecided approval expires, is denied, and the run goes on', () => {
    const run = askedRun();
    run.advance(DAY_MS - 1);
    expect(run.apply({ type: 'tick' })).toEqual([]);
    run.advance(1);
    expect(run.apply({ type: 'tick' }).map((event) => event.type)).toEqual([
      'approval.expired',
      'tool.denied',
      'run.resumed',
    ]);
    expect(actions(run)).toEqual(['call_model']);
  });

  test('a decision attested in time counts although it is processed late, while the approval pends', () => {
    const run = askedRun();
    run.advance(DAY_MS + 5_000);
    const decided = run.decides(KEY, 'approve', { attestedAt: run.now - 6_000 });
    expect(decided[0]).toMatchObject({ type: 'approval.decided', data: { executeBy: run.now - 6_000 + 3_600_000 } });
  });

  test('a decision after the expiry is told that it expired', () => {
    const run = askedRun();
    run.advance(DAY_MS);
    run.apply({ type: 'tick' });
    expect(run.decides(KEY, 'approve', { attestedAt: run.now - 1 })).toMatchObject([{ data: { code: 'expired' } }]);
  });
});

describe('cancel', () => {
  test('S2.2 withdraws what waits and ends the run once', () => {
    const run = askedRun();
    const events = run.apply({ type: 'cancel', channel: 'api', actor: person('rita') });
    expect(events.map((event) => event.type)).toEqual(['run.cancel_requested', 'approval.withdrawn', 'run.cancelled']);
    expect(run.apply({ type: 'cancel', channel: 'api' })).toEqual([]);
    expect(run.decides(KEY, 'approve')).toMatchObject([{ data: { code: 'run_over' } }]);
  });

  test('waits for a tool that is running and records what it did', () => {
    const run = askedRun();
    run.decides(KEY, 'approve');
    run.apply({ type: 'dispatch', toolCallId: KEY });
    run.apply({ type: 'cancel', channel: 'api' });
    expect(actions(run)).toEqual(['stop_work', 'wait']);
    expect(run.decides(KEY, 'reject')).toMatchObject([{ data: { code: 'run_over' } }]);
    const result = { type: 'completed', resultRef: ref('r') } as const;
    const events = run.apply({ type: 'tool_settled', toolCallId: KEY, result });
    expect(events.map((event) => event.type)).toEqual(['tool.completed', 'run.cancelled']);
  });

  test('S2.2 B9 starts nothing more, though it is approved and others still run', () => {
    const run = coreRun();
    run.asks(call(1, 0, verdict('allow')), call(1, 1, verdict('allow')));
    run.dispatches('call_1_0');
    run.apply({ type: 'cancel', channel: 'api' });
    expect(run.dispatches('call_1_1')).toEqual([]);
    expect(actions(run)).toEqual(['stop_work', 'wait']);
  });

  test('S1.16 keeps what the model had said', () => {
    const run = coreRun();
    run.apply({ type: 'begin_turn' });
    run.apply({ type: 'cancel', channel: 'temporal' });
    const usage = { inputTokens: 0, outputTokens: 0 };
    const calls = [call(1, 0, verdict('ask'))];
    const result = { type: 'answered', messageRef: ref('m'), finishReason: 'cancelled', calls, usage } as const;
    expect(run.apply({ type: 'model_settled', result }).map((event) => event.type)).toEqual([
      'message.completed',
      'usage.recorded',
      'run.cancelled',
    ]);
  });
});

describe('what the gate answers', () => {
  const running = (): CoreRun => {
    const run = askedRun();
    run.decides(KEY, 'approve');
    run.apply({ type: 'dispatch', toolCallId: KEY });
    return run;
  };
  const refused = (then: 'deny' | 'park' | 'void_consent') =>
    ({ type: 'tool_settled', toolCallId: KEY, result: { type: 'refused', code: 'no', message: 'No.', then } }) as const;

  test('a refusal that denies goes to the model', () => {
    const run = running();
    expect(run.apply(refused('deny')).map((event) => event.type)).toEqual(['tool.denied']);
    expect(actions(run)).toEqual(['call_model']);
  });

  test('B17 a refusal that parks needs a person', () => {
    const run = running();
    expect(run.apply(refused('park'))).toMatchObject([{ type: 'run.blocked', data: { toolCallId: KEY } }]);
    expect(run.state.status).toBe('needs_attention');
    expect(actions(run)).toEqual(['wait']);
  });

  test('a void consent asks again, with the old signature used up; the third time the run parks', () => {
    const run = running();
    for (const attempt of [1, 2]) {
      run.apply(refused('void_consent'));
      expect(run.state.status).toBe('suspended');
      const replay = run.decides(KEY, 'approve', { signatureId: 'jti-decision-1' });
      expect(replay).toMatchObject([{ data: { code: 'replayed' } }]);
      run.decides(KEY, 'approve', { signatureId: `fresh-${attempt}` });
      run.apply({ type: 'dispatch', toolCallId: KEY });
    }
    run.apply(refused('void_consent'));
    expect(run.state.status).toBe('needs_attention');
  });

  test('B3 an unknown outcome is put before a person', () => {
    const run = running();
    const events = run.apply({ type: 'tool_settled', toolCallId: KEY, result: { type: 'outcome_unknown' } });
    expect(events.map((event) => event.type)).toEqual(['tool.outcome_unknown', 'run.blocked']);
    expect(run.state.attentions).toMatchObject([{ code: 'outcome_unknown', toolCallId: KEY }]);
  });
});

describe('the model', () => {
  const failed = (retryable: boolean, retryAfterMs?: number) =>
    ({
      type: 'model_settled',
      result: {
        type: 'failed',
        code: 'overloaded',
        message: 'Busy.',
        retryable,
        ...(retryAfterMs && { retryAfterMs }),
      },
    }) as const;

  test('is asked again after a pause, in the same turn', () => {
    const run = coreRun();
    run.apply({ type: 'begin_turn' });
    run.apply(failed(true, 7_000));
    expect(next(run.state, run.now)).toEqual([{ type: 'wait', until: run.now + 7_000 }]);
    run.advance(7_000);
    expect(actions(run)).toEqual(['call_model']);
    expect(run.apply({ type: 'begin_turn' })).toMatchObject([{ data: { turn: 1 } }]);
  });

  test('fails the run after its last attempt, or at once where retrying is no use', () => {
    const run = coreRun({ maxModelAttempts: 2 });
    run.apply({ type: 'begin_turn' });
    run.apply(failed(true));
    run.advance(60_000);
    run.apply({ type: 'begin_turn' });
    expect(run.apply(failed(true))).toMatchObject([{ type: 'run.failed', data: { code: 'overloaded' } }]);
    const other = coreRun();
    other.apply({ type: 'begin_turn' });
    expect(other.apply(failed(false))[0]?.type).toBe('run.failed');
  });

  test('S4.2 a run without its artifacts is told what is missing, then fails', () => {
    const run = coreRun({ repairTurns: 1 });
    const usage = { inputTokens: 1, outputTokens: 1 };
    const contract = { missing: [{ path: 'OUT.md', problem: 'missing' }], receipts: [] };
    const result = {
      type: 'answered' as const,
      messageRef: ref('m'),
      finishReason: 'stop',
      calls: [],
      usage,
      contract,
    };
    run.apply({ type: 'begin_turn' });
    expect(run.apply({ type: 'model_settled', result }).at(-1)?.type).toBe('contract.unmet');
    run.apply({ type: 'begin_turn' });
    expect(run.apply({ type: 'model_settled', result }).at(-1)).toMatchObject({
      type: 'run.failed',
      data: { code: 'contract_unmet', detail: expect.stringContaining('OUT.md') },
    });
  });
});
