/**
 * Random runs on the pure core: turns with every mix of calls, decisions good and bad, gate answers, time, cancels. The
 * promise must hold in each of them. A failure prints the seed and the shrunk sequence.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evolve } from '../../../src/domain/core/evolve.ts';
import { next } from '../../../src/domain/core/next.ts';
import { isFinished } from '../../../src/domain/core/run-status.ts';
import { newRunState } from '../../../src/domain/core/state.ts';
import type { ToolStepResult } from '../../../src/domain/schemas/step.ts';
import { call, coreRun, digest, person, ref, verdict } from '../../support/core.ts';
import type { CoreRun } from '../../support/core.ts';

type Move = (run: CoreRun) => void;

const usage = { inputTokens: 3, outputTokens: 2 };
const pick = <T>(items: readonly T[], index: number): T | undefined => items[index % Math.max(1, items.length)];

const effects = fc.array(fc.constantFrom('allow' as const, 'ask' as const, 'deny' as const, 'problem' as const), {
  maxLength: 4,
});

const turn = effects.map((kinds): Move => (run) => {
  if (run.state.phase !== 'idle') return;
  const begun = run.apply({ type: 'begin_turn' });
  if (begun[0]?.type !== 'turn.started') return;
  const { turn: number } = run.state;
  const calls = kinds.map((kind, index) => {
    const id = `call_${number}_${index}`;
    if (kind === 'problem')
      return { toolCallId: id, tool: 'unknown', problem: { code: 'unknown_tool', message: 'No.' } };
    return call(number, index, verdict(kind, { decideWithinMs: 5_000, executeWithinMs: 9_000 }));
  });
  const result = { type: 'answered', messageRef: ref('m'), finishReason: 'stop', calls, usage } as const;
  run.apply({ type: 'model_settled', result });
});

const modelFails = fc.boolean().map((retryable): Move => (run) => {
  run.apply({ type: 'begin_turn' });
  run.apply({ type: 'model_settled', result: { type: 'failed', code: 'busy', message: 'Busy.', retryable } });
});

const decision = fc
  .record({
    which: fc.nat(5),
    decision: fc.constantFrom('approve' as const, 'reject' as const),
    actor: fc.constantFrom('anna', 'bob', 'rita'),
    service: fc.boolean(),
    wrongDigest: fc.boolean(),
    wrongRevision: fc.boolean(),
    late: fc.boolean(),
    repeat: fc.boolean(),
  })
  .map((given): Move => (run) => {
    const approval = pick(Object.values(run.state.approvals), given.which);
    run.decides(approval?.key ?? 'call_9_9', given.decision, {
      actor: { ...person(given.actor), kind: given.service ? 'service' : 'person' },
      ...(given.wrongDigest && { digest: digest('wrong') }),
      ...(given.wrongRevision && { revision: 7 }),
      ...(given.late && approval && { attestedAt: approval.decideBy }),
      ...(given.repeat && approval?.decision && { decisionId: approval.decision.decisionId }),
    });
  });

const dispatch: Move = (run) => {
  for (const action of next(run.state, run.now))
    if (action.type === 'run_tool') run.apply({ type: 'dispatch', toolCallId: action.call.toolCallId });
};

/** Dispatches whatever the attacker likes, whether `next` offered it or not. */
const forcedDispatch = fc.nat(5).map((which): Move => (run) => {
  const chosen = pick(run.state.calls, which);
  if (chosen) run.apply({ type: 'dispatch', toolCallId: chosen.toolCallId });
});

const toolResults: readonly ToolStepResult[] = [
  { type: 'completed', resultRef: ref('r') },
  { type: 'failed', code: 'boom', reasonRef: ref('why') },
  { type: 'refused', code: 'no', message: 'No.', then: 'deny' },
  { type: 'refused', code: 'no', message: 'No.', then: 'void_consent' },
  { type: 'refused', code: 'no', message: 'No.', then: 'park' },
  { type: 'outcome_unknown' },
];

const settle = fc
  .record({ which: fc.nat(5), result: fc.constantFrom(...toolResults) })
  .map(({ which, result }): Move => (run) => {
    const chosen = pick(run.state.calls, which);
    if (chosen) run.apply({ type: 'tool_settled', toolCallId: chosen.toolCallId, result });
  });

const time = fc.integer({ min: 0, max: 6_000 }).map((ms): Move => (run) => {
  run.advance(ms);
  run.apply({ type: 'tick' });
});

const cancel: Move = (run) => {
  run.apply({ type: 'cancel', channel: 'api' });
};

const move: fc.Arbitrary<Move> = fc.oneof(
  { arbitrary: turn, weight: 4 },
  { arbitrary: decision, weight: 6 },
  { arbitrary: fc.constant(dispatch), weight: 3 },
  { arbitrary: forcedDispatch, weight: 2 },
  { arbitrary: settle, weight: 4 },
  { arbitrary: time, weight: 2 },
  { arbitrary: modelFails, weight: 1 },
  { arbitrary: fc.constant(cancel), weight: 1 },
);

const played = (moves: readonly Move[]): CoreRun => {
  const run = coreRun({ maxTurns: 20 });
  for (const one of moves) one(run);
  return run;
};

const RUNS = { numRuns: 3_000 };
const sequences = fc.array(move, { maxLength: 40 });

describe('for every sequence of commands', () => {
  test('B1 B2 a call starts only by an allow rule, or after an approval of its digest that nothing voided', () => {
    fc.assert(
      fc.property(sequences, (moves) => {
        const consents = new Map<string, string>();
        const allowed = new Map<string, string>();
        for (const event of played(moves).events) {
          if (event.type === 'message.completed')
            for (const one of event.data.calls)
              if (one.verdict?.effect === 'allow') allowed.set(one.toolCallId, one.digest ?? '');
          if (event.type === 'approval.decided' && event.data.decision === 'approve')
            consents.set(event.data.approvalId, event.data.digest);
          if (event.type === 'decision.refused' && event.data.voided) consents.delete(event.data.approvalId);
          if (event.type === 'approval.expired' || event.type === 'approval.withdrawn')
            consents.delete(event.data.approvalId);
          if (event.type !== 'tool.started') continue;
          const key = event.data.effectKey.replace(/\.\d+$/, '');
          const reason = event.data.basis === 'rule' ? allowed.get(event.data.toolCallId) : consents.get(key);
          expect(reason).toBe(event.data.digest);
        }
      }),
      RUNS,
    );
  });

  test('B2 nothing starts after a rejection, an expiry, a withdrawal, a cancel or the end', () => {
    fc.assert(
      fc.property(sequences, (moves) => {
        const closed = new Set<string>();
        let over = false;
        for (const event of played(moves).events) {
          if (event.type === 'tool.denied') closed.add(event.data.toolCallId);
          if (event.type === 'run.cancel_requested' || event.type === 'run.completed' || event.type === 'run.failed')
            over = true;
          if (event.type === 'tool.started') expect([over, closed.has(event.data.toolCallId)]).toEqual([false, false]);
        }
      }),
      RUNS,
    );
  });

  test('B3 an outcome is recorded once for each start, and never without one', () => {
    fc.assert(
      fc.property(sequences, (moves) => {
        const running = new Set<string>();
        for (const event of played(moves).events) {
          if (event.type === 'tool.started') {
            expect(running.has(event.data.toolCallId)).toBe(false);
            running.add(event.data.toolCallId);
          }
          if (event.type === 'tool.completed' || event.type === 'tool.failed' || event.type === 'tool.outcome_unknown')
            expect(running.delete(event.data.toolCallId)).toBe(true);
          if (event.type === 'decision.refused' && event.data.voided)
            running.delete(event.data.approvalId.split(':').at(-1) ?? '');
          if (event.type === 'turn.started') running.clear();
        }
      }),
      RUNS,
    );
  });

  test('S1.6 each approval is decided at most once, unless the gate voids the decision', () => {
    fc.assert(
      fc.property(sequences, (moves) => {
        const decided = new Set<string>();
        for (const event of played(moves).events) {
          if (event.type === 'decision.refused' && event.data.voided) decided.delete(event.data.approvalId);
          if (event.type !== 'approval.decided') continue;
          expect(decided.has(event.data.approvalId)).toBe(false);
          decided.add(event.data.approvalId);
        }
      }),
      RUNS,
    );
  });

  test('S2.2 a run ends at most once, and only decisions that come too late are recorded after it', () => {
    fc.assert(
      fc.property(sequences, (moves) => {
        const types = played(moves).types();
        const end = types.findIndex((type) => ['run.completed', 'run.failed', 'run.cancelled'].includes(type));
        const after = end < 0 ? [] : types.slice(end + 1);
        expect(after.filter((type) => type !== 'decision.refused')).toEqual([]);
      }),
      RUNS,
    );
  });

  test('every decision is answered by an event that names it', () => {
    fc.assert(
      fc.property(sequences, decision, (moves, last) => {
        const run = played(moves);
        const before = run.events.length;
        last(run);
        const answers = run.events.slice(before).map((event) => event.type);
        const wasDelivered = Object.values(run.state.approvals).some((one) => one.decision);
        expect(answers.some((type) => type === 'approval.decided' || type === 'decision.refused') || wasDelivered).toBe(
          true,
        );
      }),
      RUNS,
    );
  });

  test('the state is what its events fold to, and a run that can move always says how', () => {
    fc.assert(
      fc.property(sequences, (moves) => {
        const run = played(moves);
        const folded = run.events.reduce(evolve, newRunState(run.state.identity, run.state.limits));
        expect(folded).toEqual(run.state);
        const actions = next(run.state, run.now);
        expect(actions.length).toBeGreaterThan(0);
        if (isFinished(run.state.status)) expect(actions).toEqual([{ type: 'end' }]);
        if (run.state.status === 'suspended') expect(actions[0]?.type).toBe('wait');
      }),
      RUNS,
    );
  });
});
