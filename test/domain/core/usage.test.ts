/** Totals are the sum of what was counted, however a run is cut into turns, attempts, executions and sub-runs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../../src/domain/core/decide.ts';
import type { CoreCommand } from '../../../src/domain/core/decide.ts';
import { newRunState } from '../../../src/domain/core/state.ts';
import type { RunState } from '../../../src/domain/core/state.ts';
import { addUsage } from '../../../src/domain/core/usage.ts';
import { RunLimits } from '../../../src/domain/schemas/agent.ts';
import type { Usage } from '../../../src/domain/schemas/run.ts';
import { RUN_ID, call, coreRun, helperRun, ref, verdict } from '../../support/core.ts';

const count = fc.integer({ min: 0, max: 1_000_000 });
const usage: fc.Arbitrary<Usage> = fc.record(
  {
    inputTokens: count,
    outputTokens: count,
    cachedInputTokens: count,
    cacheWriteTokens: count,
    reasoningTokens: count,
    costMicros: fc.dictionary(fc.constantFrom('USD', 'EUR'), count),
    unpricedCalls: fc.constant(1),
  },
  { requiredKeys: ['inputTokens', 'outputTokens'] },
);

const FIELDS = [
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'reasoningTokens',
  'unpricedCalls',
] as const;
const sumOf = (all: readonly Usage[], pick: (one: Usage) => number | undefined): number =>
  all.reduce((sum, one) => sum + (pick(one) ?? 0), 0);

const expectSum = (total: Usage, all: readonly Usage[]): void => {
  for (const field of FIELDS) expect(total[field] ?? 0, field).toBe(sumOf(all, (one) => one[field]));
  for (const currency of ['USD', 'EUR'])
    expect(total.costMicros?.[currency] ?? 0, currency).toBe(sumOf(all, (one) => one.costMicros?.[currency]));
};

const start = (): RunState => {
  const identity = helperRun({ principal: 'anna', groups: [] });
  const limits = RunLimits.parse({ maxTurns: 10_000, maxModelAttempts: 100 });
  return decide(newRunState(identity, limits), { type: 'start', inputRef: ref('input') }, 1).state;
};

const segment = fc.record({
  kind: fc.constantFrom('turn', 'failed', 'failed without a count', 'continued'),
  usage,
});

test('S1.14 a run sums its turns, its failed attempts and its executions', () => {
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 40 }), (segments) => {
      let state = start();
      let now = 1;
      const counted: Usage[] = [];
      const apply = (command: CoreCommand): void => {
        now += 120_000;
        ({ state } = decide(state, command, now));
      };
      for (const { kind, usage: used } of segments) {
        // What continue-as-new carries is JSON.
        if (kind === 'continued') state = JSON.parse(JSON.stringify(state));
        else if (kind === 'turn') {
          apply({ type: 'begin_turn' });
          const calls = [call(state.turn, 0, verdict('deny'))];
          const result = {
            type: 'answered',
            messageRef: ref('m'),
            finishReason: 'tool-calls',
            calls,
            usage: used,
          } as const;
          apply({ type: 'model_settled', result });
          counted.push(used);
        } else {
          apply({ type: 'begin_turn' });
          const isCounted = kind === 'failed';
          const result = {
            type: 'failed',
            code: 'x',
            message: 'x',
            retryable: true,
            ...(isCounted && { usage: used }),
          } as const;
          apply({ type: 'model_settled', result });
          if (isCounted) counted.push(used);
        }
      }
      expectSum(state.usage, counted);
    }),
    { numRuns: 200 },
  );
});

interface Node {
  readonly segments: readonly { readonly kind: string; readonly usage: Usage }[];
  readonly below: readonly Node[];
}
const { tree } = fc.letrec<{ tree: Node }>((tie) => ({
  tree: fc.record({
    segments: fc.array(segment, { maxLength: 5 }),
    below: fc.oneof({ maxDepth: 4 }, fc.constant([]), fc.array<Node>(tie('tree'), { minLength: 1, maxLength: 3 })),
  }),
}));

interface Ended {
  readonly total: Usage;
  /** What the run and those below it have told, as the log has it. */
  readonly told: readonly Usage[];
  /** What their providers have counted. */
  readonly counted: readonly Usage[];
}

/** Lets a run and all that its agent calls come to their end, as workflow and steps would. */
const runTree = ({ segments, below }: Node, expectEach: (ended: Ended) => void): Ended => {
  let state = start();
  let now = 1;
  const told: Usage[] = [];
  const counted: Usage[] = [];
  const apply = (command: CoreCommand): void => {
    now += 120_000;
    const step = decide(state, command, now);
    ({ state } = step);
    for (const { type, data } of step.events) if (type === 'usage.recorded' && !data.subRunId) told.push(data);
  };
  const answers = (used: Usage, calls: readonly ReturnType<typeof call>[]): void => {
    apply({ type: 'begin_turn' });
    const result = { messageRef: ref('m'), finishReason: 'tool-calls', calls: [...calls], usage: used };
    apply({ type: 'model_settled', result: { type: 'answered', ...result } });
    counted.push(used);
  };
  for (const { kind, usage: used } of segments) {
    if (kind === 'continued') state = JSON.parse(JSON.stringify(state));
    else if (kind === 'turn') answers(used, [call(state.turn + 1, 0, verdict('deny'))]);
    else {
      apply({ type: 'begin_turn' });
      const failure = { type: 'failed', code: 'x', message: 'x', retryable: true } as const;
      apply({ type: 'model_settled', result: { ...failure, ...(kind === 'failed' && { usage: used }) } });
      if (kind === 'failed') counted.push(used);
    }
  }
  const agent = { tool: 'other', role: 'agent', effect: 'idempotent' } as const;
  const turn = state.modelAttempt > 0 ? state.turn : state.turn + 1;
  answers(
    { inputTokens: 1, outputTokens: 0 },
    [...below.keys()].map((index) => call(turn, index, verdict('allow'), agent)),
  );
  for (const [index, one] of below.entries()) {
    const toolCallId = `call_${turn}_${index}`;
    apply({ type: 'dispatch', toolCallId });
    const ended = runTree(one, expectEach);
    told.push(...ended.told);
    counted.push(...ended.counted);
    const settled = {
      type: 'tool_settled',
      toolCallId,
      result: { type: 'completed', resultRef: ref('r') },
      // As the step sums it up, from the log.
      subRun: { runId: `${RUN_ID}.${'b'.repeat(16)}`, usage: addUsage(...ended.told) },
    } as const;
    apply(settled);
    // A step may answer twice.
    apply(settled);
  }
  const ended = { total: state.usage, told, counted };
  expectEach(ended);
  return ended;
};

test('S1.14 S1.15 in a tree of runs each has used what its turns, attempts and executions and all below it have, once', () => {
  let deepest = 0;
  const depth = ({ below }: Node): number => 1 + Math.max(0, ...below.map(depth));
  fc.assert(
    fc.property(tree, (root) => {
      deepest = Math.max(deepest, depth(root));
      runTree(root, ({ total, told, counted }) => {
        expectSum(total, counted);
        expectSum(addUsage(...told), counted);
      });
    }),
    { numRuns: 150 },
  );
  expect(deepest).toBeGreaterThan(2);
});

test('S1.14 sums of parts are sums of the whole, in any order: a parent may add its sub-runs', () => {
  fc.assert(
    fc.property(fc.array(usage), fc.array(usage), (own, children) => {
      expectSum(addUsage(...own, ...children), [...own, ...children]);
      expect(addUsage(addUsage(...own), addUsage(...children))).toEqual(addUsage(...children.toReversed(), ...own));
    }),
  );
});

test('an attempt that failed is counted once, beside the turn that came of it', () => {
  const run = coreRun();
  run.apply({ type: 'begin_turn' });
  const used = { inputTokens: 7, outputTokens: 1 };
  const events = run.apply({
    type: 'model_settled',
    result: { type: 'failed', code: 'provider_error', message: 'x', retryable: true, usage: used, model: 'acme/m' },
  });
  expect(events.map((event) => event.type)).toEqual(['usage.recorded', 'message.restarted']);
  expect(events[0]?.data).toEqual({ turn: 1, ...used, model: 'acme/m', failed: true });
});
