import { describe, expect, test } from 'vitest';
import { next } from '../../../src/domain/core/next.ts';
import { call, coreRun, digest, person, ref, typesOf, verdict } from '../../support/core.ts';
import type { CoreRun } from '../../support/core.ts';

const KEY = 'call_1_0';
const actions = (run: CoreRun) => next(run.state, run.now).map((action) => action.type);
const refusal = (code: string) => [{ type: 'command.refused', data: { code } }];

const allowed = (...effects: ('allow' | 'ask')[]): CoreRun => {
  const run = coreRun();
  run.asks(...effects.map((effect, index) => call(1, index, verdict(effect))));
  return run;
};

describe('B17 block', () => {
  test('stops dispatching and the model; what is out settles, people may still decide', () => {
    const run = allowed('allow', 'allow', 'ask');
    run.dispatches(KEY);
    expect(run.blocks()).toMatchObject([{ type: 'run.blocked', data: { code: 'blocked', reasonRef: ref('stop') } }]);
    expect(run.state.status).toBe('needs_attention');
    expect(run.dispatches('call_1_1')).toEqual([]);
    expect(typesOf(run.settles(KEY))).toEqual(['tool.completed']);
    expect(typesOf(run.decides('call_1_2', 'approve'))).toEqual(['approval.decided']);
    expect(actions(run)).toEqual(['wait']);
    expect(typesOf(run.unblocks())).toEqual(['run.unblocked', 'run.resumed']);
    expect(actions(run)).toEqual(['run_tool', 'run_tool', 'wait']);
  });

  test('stops the next turn, and an answer without calls ends nothing', () => {
    const run = coreRun();
    run.apply({ type: 'begin_turn' });
    run.blocks();
    const usage = { inputTokens: 1, outputTokens: 1 };
    const result = { type: 'answered', messageRef: ref('m'), finishReason: 'stop', calls: [], usage } as const;
    expect(typesOf(run.apply({ type: 'model_settled', result: { ...result, calls: [] } }))).not.toContain(
      'run.completed',
    );
    expect(run.apply({ type: 'begin_turn' })).toEqual([]);
    run.unblocks();
    expect(actions(run)).toEqual(['call_model']);
  });

  test('a blocked run sleeps, though the time to ask the model again has come', () => {
    const run = coreRun();
    run.apply({ type: 'begin_turn' });
    const result = { type: 'failed', code: 'busy', message: 'Busy.', retryable: true, retryAfterMs: 1_000 } as const;
    run.apply({ type: 'model_settled', result });
    run.blocks();
    run.waits(5_000);
    expect(next(run.state, run.now)).toEqual([{ type: 'wait' }]);
  });

  test('counts once by its id; without a signature once is enough', () => {
    const run = allowed('ask');
    run.blocks({ commandId: 'one' });
    expect(run.blocks({ commandId: 'one' })).toEqual([]);
    expect(run.apply({ type: 'block', given: { channel: 'temporal' } })).toEqual([]);
    run.unblocks();
    expect(run.apply({ type: 'block', given: { channel: 'temporal' } })).toMatchObject([
      { type: 'run.blocked', data: { channel: 'temporal' } },
    ]);
  });

  test('clocks go on in a blocked run', () => {
    const run = allowed('ask');
    run.blocks();
    expect(typesOf(run.waits(86_400_000))).toEqual(['approval.expired', 'tool.denied']);
    expect(run.state.status).toBe('needs_attention');
  });

  test('a run that nobody blocked cannot be unblocked', () => {
    expect(allowed('ask').unblocks()).toMatchObject(refusal('not_blocked'));
  });

  test('whoever unblocks a run with a note is a contributor', () => {
    const run = allowed('ask');
    run.blocks();
    run.unblocks({ actor: person('una') });
    expect(run.state.contributors).toEqual(['una']);
  });

  test("S4.3 the agent's own block is answered with the note", () => {
    const run = coreRun();
    run.asks(
      call(1, 0, verdict('allow'), { tool: 'block_run', role: 'block', reasonRef: ref('why') }),
      call(1, 1, verdict('allow')),
    );
    expect(run.state.attentions).toMatchObject([{ code: 'blocked_by_agent', toolCallId: KEY, reasonRef: ref('why') }]);
    expect([run.dispatches(KEY), run.dispatches('call_1_1')]).toEqual([[], []]);
    expect(run.resolves(KEY, 'retry')).toMatchObject(refusal('not_parked'));
    expect(run.unblocks()).toMatchObject([
      { type: 'run.unblocked', data: { answers: [KEY], noteRef: ref('note') } },
      { type: 'tool.completed', data: { toolCallId: KEY, resultRef: ref('note'), suppliedBy: 'person' } },
      { type: 'run.resumed' },
    ]);
  });

  test('a denied block_run is a denied call', () => {
    const run = coreRun();
    run.asks(call(1, 0, verdict('deny'), { tool: 'block_run', role: 'block' }));
    expect(run.state.status).toBe('running');
    expect(run.call(KEY)?.denied).toBe(true);
  });

  test('cancelling ends a blocked run', () => {
    const run = allowed('ask');
    run.blocks();
    expect(run.apply({ type: 'cancel', channel: 'api' }).at(-1)?.type).toBe('run.cancelled');
  });

  test('S2.2 a run that is over answers every command and changes no more', () => {
    const run = coreRun();
    run.finishes();
    expect(run.blocks({ commandId: 'b' })).toMatchObject(refusal('run_over'));
    expect(run.blocks({ commandId: 'b' })).toEqual([]);
    expect(run.unblocks()).toMatchObject(refusal('run_over'));
    expect(run.resolves(KEY, 'retry')).toMatchObject(refusal('run_over'));
    expect(run.extends(KEY, run.now + 1)).toMatchObject(refusal('run_over'));
    expect(run.decides(KEY, 'approve')).toMatchObject([{ data: { code: 'run_over' } }]);
    for (const type of ['begin_turn', 'tick'] as const) expect(run.apply({ type })).toEqual([]);
    expect(run.apply({ type: 'block', given: { channel: 'temporal' } })).toEqual([]);
    expect(run.state.status).toBe('completed');
  });
});

describe('B3 a call that is parked', () => {
  const unknown = (): CoreRun => {
    const run = allowed('allow');
    run.dispatches(KEY);
    run.settles(KEY, { type: 'outcome_unknown', epoch: 3 });
    return run;
  };
  const drifted = (): CoreRun => {
    const run = allowed('allow');
    run.dispatches(KEY);
    run.settles(KEY, {
      type: 'refused',
      code: 'tool_drifted',
      message: 'No.',
      then: 'park',
      detailRef: ref('schemas'),
    });
    return run;
  };

  test('marked as done has the result that a person gave', () => {
    const run = unknown();
    expect(run.resolves(KEY, 'mark_done', { actor: person('olga') })).toMatchObject([
      { type: 'effect.resolved', data: { epoch: 3, resolution: 'mark_done', actor: { principal: 'olga' } } },
      { type: 'tool.completed', data: { resultRef: ref('done'), suppliedBy: 'person' } },
      { type: 'run.resumed' },
    ]);
    expect(run.state).toMatchObject({ attentions: [], contributors: ['olga'] });
  });

  test('given up fails', () => {
    expect(unknown().resolves(KEY, 'fail')).toMatchObject([
      { type: 'effect.resolved' },
      { type: 'tool.failed', data: { code: 'failed_by_operator' } },
      { type: 'run.resumed' },
    ]);
  });

  test('tried again is dispatched under the same effect key', () => {
    const run = unknown();
    const [, , first] = run.events.filter((event) => event.type === 'tool.started');
    expect(first).toBeUndefined();
    expect(typesOf(run.resolves(KEY, 'retry'))).toEqual(['effect.resolved', 'run.resumed']);
    const keys = [...run.events, ...run.dispatches(KEY)].flatMap((event) =>
      event.type === 'tool.started' ? [event.data.effectKey] : [],
    );
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  test.each([
    ['an earlier attempt', { epoch: 2 }, 'attempt_changed'],
    ['another digest', { digest: digest('x') }, 'attempt_changed'],
    ['another effect', { effectKey: 'tool-approval:other' }, 'attempt_changed'],
    ['a call that there is not', { toolCallId: 'call_9_9' }, 'not_parked'],
  ])('an answer about %s is refused', (_name, change, code) => {
    const run = unknown();
    expect(run.resolves(KEY, 'mark_done', change)).toMatchObject(refusal(code));
    expect(run.state.status).toBe('needs_attention');
  });

  test('an answer counts once', () => {
    const run = unknown();
    run.resolves(KEY, 'mark_done', { commandId: 'one' });
    expect(run.resolves(KEY, 'mark_done', { commandId: 'one' })).toEqual([]);
    expect(run.resolves(KEY, 'mark_done')).toMatchObject(refusal('not_parked'));
  });

  test('B15 one that never ran cannot be done', () => {
    const run = drifted();
    expect(run.state.attentions).toMatchObject([{ code: 'tool_drifted', detailRef: ref('schemas') }]);
    expect(run.resolves(KEY, 'mark_done')).toMatchObject(refusal('resolution_not_allowed'));
    expect(unknown().resolves(KEY, 'mark_done', { resultRef: undefined as never })).toMatchObject(
      refusal('resolution_not_allowed'),
    );
    expect(typesOf(run.resolves(KEY, 'retry'))).toContain('effect.resolved');
  });

  test('unblocking does not free it, and resolving does not unblock', () => {
    const run = unknown();
    expect(run.unblocks()).toMatchObject(refusal('not_blocked'));
    run.blocks();
    run.unblocks();
    expect(run.state.attentions).toMatchObject([{ code: 'outcome_unknown', toolCallId: KEY }]);
    run.blocks();
    run.resolves(KEY, 'retry');
    expect(run.state.status).toBe('needs_attention');
    expect(run.dispatches(KEY)).toEqual([]);
    run.unblocks();
    expect(typesOf(run.dispatches(KEY))).toEqual(['tool.started']);
  });

  test('asked for once more, whoever asks, goes to the ledger; only where the outcome is unknown', () => {
    const run = unknown();
    expect(typesOf(run.apply({ type: 'recheck', toolCallId: KEY }))).toEqual(['effect.rechecked', 'run.resumed']);
    expect(run.apply({ type: 'recheck', toolCallId: KEY })).toEqual([]);
    run.dispatches(KEY);
    expect(typesOf(run.settles(KEY))).toEqual(['tool.completed']);
    expect(drifted().apply({ type: 'recheck', toolCallId: KEY })).toEqual([]);
  });

  test.each(['deny', 'void_consent', 'ask', 'park'] as const)(
    'whose outcome nobody knows stays parked where the gate would %s: it may have run',
    (then) => {
      const run = unknown();
      run.apply({ type: 'recheck', toolCallId: KEY });
      run.dispatches(KEY);
      const asked = { verdict: verdict('ask'), digest: digest('2'), revision: 2 };
      expect(run.settles(KEY, { type: 'refused', code: 'no', message: 'No.', then, asked })).toMatchObject([
        { type: 'run.blocked', data: { toolCallId: KEY, code: 'no' } },
      ]);
      expect(run.call(KEY)).toMatchObject({ revision: 1, status: 'parked', unknownEpoch: 3 });
    },
  );

  test('two of them need two answers', () => {
    const run = allowed('allow', 'allow');
    for (const id of [KEY, 'call_1_1']) run.dispatches(id);
    for (const id of [KEY, 'call_1_1']) run.settles(id, { type: 'outcome_unknown' });
    expect(run.state.attentions).toHaveLength(2);
    run.resolves(KEY, 'fail');
    expect(run.state.status).toBe('needs_attention');
    run.resolves('call_1_1', 'fail');
    expect(run.state.status).toBe('running');
  });
});
