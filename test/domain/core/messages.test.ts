import { describe, expect, test } from 'vitest';
import { MAX_MESSAGES } from '../../../src/domain/core/judge-message.ts';
import { next } from '../../../src/domain/core/next.ts';
import { call, coreRun, person, rule, typesOf, verdict } from '../../support/core.ts';

const actions = (run: ReturnType<typeof coreRun>) => next(run.state, run.now).map((action) => action.type);
const answer = { type: 'answered', messageRef: { sha256: 'a'.repeat(64), bytes: 1 }, finishReason: 'stop' } as const;
const done = { ...answer, calls: [], usage: { inputTokens: 1, outputTokens: 1 } };

describe('a message to the run', () => {
  test('decides nothing: what pends pends, what is suspended or blocked stays so', () => {
    const run = coreRun();
    run.asks(call(1, 0, verdict('ask')));
    expect(run.state.status).toBe('suspended');
    expect(typesOf(run.messages())).toEqual(['message.received']);
    expect([run.state.status, run.approval('call_1_0')?.status, actions(run)]).toEqual([
      'suspended',
      'pending',
      ['wait'],
    ]);
    run.blocks();
    expect(typesOf(run.messages())).toEqual(['message.received']);
    expect([run.state.status, actions(run)]).toEqual(['needs_attention', ['wait']]);
  });

  test('while the model speaks: it says which turn, and the run does not end before the model has read it', () => {
    const run = coreRun();
    run.apply({ type: 'begin_turn' });
    expect(run.messages()).toMatchObject([{ type: 'message.received', data: { duringTurn: 1 } }]);
    expect(typesOf(run.apply({ type: 'model_settled', result: done }))).not.toContain('run.completed');
    expect(actions(run)).toEqual(['call_model']);
    expect(typesOf(run.finishes())).toContain('run.completed');
  });

  test('a failed attempt of the turn has read nothing either', () => {
    const run = coreRun();
    run.apply({ type: 'begin_turn' });
    run.messages();
    const failed = { type: 'failed', code: 'provider_unavailable', message: 'Busy.', retryable: true } as const;
    run.apply({ type: 'model_settled', result: failed });
    run.apply({ type: 'begin_turn' });
    expect(typesOf(run.apply({ type: 'model_settled', result: done }))).not.toContain('run.completed');
    expect(typesOf(run.finishes())).toContain('run.completed');
  });

  test('where no turn is left, it does not make the run fail', () => {
    const run = coreRun({ maxTurns: 1 });
    run.apply({ type: 'begin_turn' });
    run.messages();
    expect(typesOf(run.apply({ type: 'model_settled', result: done }))).toContain('run.completed');
  });

  test('counts once; too many, or too late, is refused', () => {
    const run = coreRun();
    run.apply({ type: 'begin_turn' });
    expect(run.messages({ commandId: 'c' })).toHaveLength(1);
    expect(run.messages({ commandId: 'c' })).toEqual([]);
    for (let sent = 1; sent < MAX_MESSAGES; sent += 1) run.messages();
    expect(run.messages()).toMatchObject([{ type: 'command.refused', data: { code: 'too_many_messages' } }]);
    run.apply({ type: 'cancel', channel: 'api' });
    expect(run.messages()).toMatchObject([{ type: 'command.refused', data: { code: 'run_over' } }]);
    run.apply({ type: 'model_settled', result: done });
    expect(run.state.status).toBe('cancelled');
    expect(run.messages()).toMatchObject([{ type: 'command.refused', data: { code: 'run_over' } }]);
  });

  test('S1.3 its sender has put words into the run: they do not decide what is asked for afterwards', () => {
    const fourEyes = verdict('ask', { approverRules: [rule({ notRequester: true })] });
    const run = coreRun();
    run.messages({ actor: person('olga') });
    run.asks(call(1, 0, fourEyes));
    run.messages({ actor: person('late') });
    expect(run.approval('call_1_0')?.contributors).toEqual(['olga']);
    expect(run.decides('call_1_0', 'approve', { actor: person('olga') })).toMatchObject([
      { type: 'decision.refused', data: { code: 'self_approval' } },
    ]);
    expect(typesOf(run.decides('call_1_0', 'approve', { actor: person('late') }))).toContain('approval.decided');
  });
});
