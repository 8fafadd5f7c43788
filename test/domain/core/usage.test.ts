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
import { call, coreRun, helperRun, ref, verdict } from '../../support/core.ts';

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
