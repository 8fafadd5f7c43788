import { describe, expect, test } from 'vitest';
import { compareVerdicts } from '../../../src/domain/policy/compare-verdicts.ts';
import { compilePolicy } from '../../../src/domain/policy/compile.ts';
import type { CompiledLayer } from '../../../src/domain/policy/compile.ts';
import { evaluatePolicy } from '../../../src/domain/policy/evaluate.ts';
import type { RuleInput } from '../../../src/domain/policy/policy-schema.ts';
import { MAX_REPLAY_EXAMPLES, replayPolicy } from '../../../src/domain/policy/replay.ts';
import type { RecordedCall } from '../../../src/domain/policy/replay.ts';
import { factsOf } from './facts-of.ts';

const layers = (...rules: Partial<RuleInput>[]): readonly CompiledLayer[] => {
  const whole = rules.map((rule, index) => ({ id: `r${index}`, match: '*', effect: 'ask' as const, ...rule }));
  const result = compilePolicy([{ name: 'deployment', rules: whole }]);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.compiled;
};

const call = (amount: number, tool = 'refund'): RecordedCall => ({
  runId: `run_${amount}`,
  toolCallId: 'call_1_0',
  facts: factsOf({ amount }, { name: tool }),
});

describe('B12 replay', () => {
  const upTo = (limit: number) =>
    layers({ effect: 'allow', when: `args.amount <= ${limit}` }, { when: `args.amount > ${limit}` });

  test('counts what a policy would have asked more and less, by tool, with the first examples of each', () => {
    const recorded = [call(10), call(60), call(200), call(5, 'deploy')];
    const tighter = replayPolicy(recorded, upTo(100), upTo(50));
    expect(tighter).toMatchObject({
      calls: 4,
      counts: { same: 3, stricter: 1, laxer: 0, different: 0 },
      tools: [
        { tool: 'deploy', calls: 1, before: { allow: 1 }, after: { allow: 1 } },
        { tool: 'refund', calls: 3, before: { allow: 2, ask: 1, deny: 0 }, after: { allow: 1, ask: 2, deny: 0 } },
      ],
      examples: { stricter: [{ call: { runId: 'run_60' }, before: { effect: 'allow' }, after: { effect: 'ask' } }] },
    });
    expect(replayPolicy(recorded, upTo(50), upTo(100)).counts).toEqual({
      same: 3,
      stricter: 0,
      laxer: 1,
      different: 0,
    });
    expect(replayPolicy([], upTo(1), upTo(2))).toMatchObject({ calls: 0, tools: [] });
  });

  test('each call against the policy of its own run', () => {
    const before = (of: RecordedCall) =>
      of.runId === 'run_10' ? layers({ effect: 'deny' }) : layers({ effect: 'allow' });
    expect(replayPolicy([call(10), call(20)], before, layers({})).counts).toMatchObject({ stricter: 1, laxer: 1 });
  });

  test('examples are few, however many calls there are', () => {
    const recorded = Array.from({ length: 50 }, (_, index) => call(index));
    const { counts, examples } = replayPolicy(recorded, layers({ effect: 'allow' }), layers({}));
    expect(counts.stricter).toBe(50);
    expect(examples.stricter.map((example) => example.call.runId)).toEqual(
      Array.from({ length: MAX_REPLAY_EXAMPLES }, (_, index) => `run_${index}`),
    );
  });
});

describe('which verdict is the stricter', () => {
  const ladder = (groups: string[], within: string) => ({
    onExpire: 'escalate' as const,
    escalate: [{ approvers: { groups }, within }],
  });
  test.each<[string, Partial<RuleInput>, Partial<RuleInput>, string]>([
    ['the same', {}, { id: 'other', reason: 'Another name.' }, 'same'],
    ['another effect', {}, { effect: 'deny' }, 'stricter'],
    ['a higher risk', {}, { risk: 'high' }, 'stricter'],
    ['more people', { approvers: { approvals: 2 } }, { approvers: { approvals: 3 } }, 'stricter'],
    ['people of one group instead of anybody', {}, { approvers: { groups: ['a'] } }, 'stricter'],
    ['fewer groups', { approvers: { groups: ['a', 'b'] } }, { approvers: { groups: ['a'] } }, 'stricter'],
    ['other groups', { approvers: { groups: ['a'] } }, { approvers: { groups: ['b'] } }, 'different'],
    [
      'a user beside the group',
      { approvers: { groups: ['a'] } },
      { approvers: { groups: ['a'], users: ['u'] } },
      'laxer',
    ],
    ['not the requester', {}, { approvers: { notRequester: true } }, 'stricter'],
    [
      'a reason, but fewer people',
      { approvers: { approvals: 2 } },
      { approvers: { reasonRequired: true } },
      'different',
    ],
    ['an easier rejection', { approvers: { rejections: 2 } }, { approvers: { rejections: 1 } }, 'stricter'],
    ['fewer decisions', {}, { allowedDecisions: ['approve', 'reject'] }, 'stricter'],
    ['fewer channels', {}, { channels: ['inbox'] }, 'stricter'],
    ['less time', { decideWithin: '2h' }, { decideWithin: '1h' }, 'stricter'],
    [
      'less time before silence allows it',
      { onExpire: 'allow', decideWithin: '2h' },
      { onExpire: 'allow', decideWithin: '1h' },
      'laxer',
    ],
    ['less time to execute', {}, { executeWithin: '1m' }, 'stricter'],
    ['a stricter end', {}, { onExpire: 'block' }, 'stricter'],
    ['an end by others', {}, ladder(['a'], '1h'), 'laxer'],
    ['a shorter ladder', ladder(['a'], '2h'), ladder(['a'], '1h'), 'stricter'],
    ['a ladder to others', ladder(['a'], '2h'), ladder(['b'], '2h'), 'different'],
    [
      'a longer ladder',
      ladder(['a'], '1h'),
      { onExpire: 'escalate', escalate: [...ladder(['a'], '1h').escalate, ...ladder(['b'], '1h').escalate] },
      'laxer',
    ],
    ['state that may be set', {}, { stateEditable: ['a'] }, 'laxer'],
    ['less of the state', { stateEditable: ['a'] }, { stateEditable: ['a.b'] }, 'stricter'],
    ['what may be remembered', {}, { grantable: { scopes: ['run'], maxTtl: '1h', maxUses: 1 } }, 'laxer'],
    [
      'fewer uses',
      { grantable: { scopes: ['run'], maxTtl: '1h', maxUses: 9 } },
      { grantable: { scopes: ['run'], maxTtl: '1h', maxUses: 1 } },
      'stricter',
    ],
    ['all or nothing', {}, { batch: 'all_or_nothing' }, 'stricter'],
  ])('%s', (_name, one, other, expected) => {
    const facts = factsOf({});
    const [first, second] = [evaluatePolicy(layers(one), facts), evaluatePolicy(layers(other), facts)];
    expect(compareVerdicts(first, second)).toBe(expected);
    const opposite = { stricter: 'laxer', laxer: 'stricter' }[expected] ?? expected;
    expect(compareVerdicts(second, first)).toBe(opposite);
  });
});
