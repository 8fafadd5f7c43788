import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../../src/domain/policy/compile.ts';
import {
  DEFAULT_APPROVER_RULE,
  DEFAULT_DECIDE_WITHIN_MS,
  DEFAULT_EXECUTE_WITHIN_MS,
  evaluatePolicy,
} from '../../../src/domain/policy/evaluate.ts';
import type { Verdict } from '../../../src/domain/policy/evaluate.ts';
import { policyFactsSchema } from '../../../src/domain/policy/facts.ts';
import type { PolicyFacts } from '../../../src/domain/policy/facts.ts';
import { DECISIONS, EFFECTS, POLICY_LAYER_NAMES, RISKS } from '../../../src/domain/policy/policy-schema.ts';
import type { PolicyLayerInput, PolicyLayerName, RuleInput } from '../../../src/domain/policy/policy-schema.ts';
import { factsOf } from './facts-of.ts';

function verdictOf(layers: readonly PolicyLayerInput[], facts: PolicyFacts = factsOf({ amount: 100 })): Verdict {
  const result = compilePolicy(layers);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return evaluatePolicy(result.compiled, facts);
}

const layer = (name: PolicyLayerName, ...rules: RuleInput[]): PolicyLayerInput => ({ name, rules });
const allow: RuleInput = { id: 'free', match: '*', effect: 'allow' };
const ask: RuleInput = { id: 'check', match: '*', effect: 'ask' };
const deny: RuleInput = { id: 'never', match: '*', effect: 'deny' };

test('without a matching rule the call asks, with the defaults', () => {
  const other: RuleInput = { ...allow, match: 'read_*' };
  expect(verdictOf([layer('deployment', other), layer('agent')])).toEqual({
    effect: 'ask',
    ruleId: 'default',
    layer: null,
    reason: 'No policy rule matched; calls without a rule need a decision.',
    risk: 'medium',
    allowedDecisions: ['approve', 'reject'],
    approverRules: [DEFAULT_APPROVER_RULE],
    decideWithinMs: 24 * 60 * 60 * 1000,
    executeWithinMs: 60 * 60 * 1000,
    onExpire: 'deny',
    matched: [],
  });
});

describe('the strictest effect wins, and the first rule that has it is named', () => {
  test.each<[PolicyLayerInput[], string]>([
    [[layer('agent', allow)], 'allow agent free'],
    [[layer('deployment', allow), layer('agent', ask)], 'ask agent check'],
    [[layer('deployment', ask), layer('agent', allow)], 'ask deployment check'],
    [[layer('tool', ask), layer('deployment', ask)], 'ask deployment check'],
    [[layer('deployment', allow), layer('agent', ask), layer('tool', deny)], 'deny tool never'],
    [[layer('agent', allow, deny, ask)], 'deny agent never'],
    [[layer('agent', { ...deny, when: 'args.amount > 500' }, ask)], 'ask agent check'],
    [[layer('agent', { ...deny, when: 'args.amount > 50' }, ask)], 'deny agent never'],
    [[layer('agent', { ...ask, match: 'read_*' })], 'ask null default'],
  ])('%j', (layers, expected) => {
    const verdict = verdictOf(layers);
    expect(`${verdict.effect} ${verdict.layer} ${verdict.ruleId}`).toBe(expected);
  });
});

describe('a condition that errors', () => {
  const when = 'args.missing > 1';
  test.each([
    ['allow', 'ask'],
    ['ask', 'ask'],
    ['deny', 'deny'],
  ] as const)('makes a rule that says %s %s', (effect, expected) => {
    const verdict = verdictOf([layer('agent', { ...allow, effect, when }, { ...allow, id: 'other' })]);
    expect(verdict.effect).toBe(expected);
    expect(verdict.ruleId).toBe('free');
    expect(verdict.reason).toContain('could not be evaluated');
    expect(verdict.matched).toEqual([
      { layer: 'agent', ruleId: 'free', effect, errored: true },
      { layer: 'agent', ruleId: 'other', effect: 'allow' },
    ]);
  });

  test('a result that is not a boolean is an error too', () => {
    const verdict = verdictOf([layer('agent', { ...allow, when: 'args.amount' })]);
    expect(verdict).toMatchObject({ effect: 'ask', matched: [{ errored: true }] });
  });
});

test('what asks is combined: every approver rule once, the highest risk, the shortest time', () => {
  const finance = { groups: ['finance'], notRequester: true };
  const verdict = verdictOf([
    layer('deployment', { ...ask, approvers: finance, decideWithin: '2h', risk: 'high' }),
    layer('project', { ...ask, approvers: finance, executeWithin: '10m', risk: 'low' }),
    layer('agent', { ...ask, approvers: { reasonRequired: true }, decideWithin: '3d' }),
    layer('tool', ask, { ...allow, risk: 'low' }),
  ]);
  expect(verdict).toMatchObject({
    effect: 'ask',
    risk: 'high',
    decideWithinMs: 2 * 60 * 60 * 1000,
    executeWithinMs: 10 * 60 * 1000,
    approverRules: [
      { groups: ['finance'], notRequester: true, reasonRequired: false, approvals: 1, rejections: 1 },
      { notRequester: false, reasonRequired: true, approvals: 1, rejections: 1 },
    ],
  });
});

test('a longer time needs every asking rule to say it', () => {
  const week: RuleInput = { ...ask, id: 'week', decideWithin: '7d' };
  expect(verdictOf([layer('agent', week)]).decideWithinMs).toBe(7 * DEFAULT_DECIDE_WITHIN_MS);
  expect(verdictOf([layer('agent', week, ask)]).decideWithinMs).toBe(DEFAULT_DECIDE_WITHIN_MS);
  expect(verdictOf([layer('agent', week)]).executeWithinMs).toBe(DEFAULT_EXECUTE_WITHIN_MS);
});

test('a call that is allowed or denied has nobody to decide it', () => {
  expect(verdictOf([layer('agent', allow)])).toMatchObject({ approverRules: [], allowedDecisions: [], risk: 'low' });
  expect(verdictOf([layer('agent', ask, deny)])).toMatchObject({ approverRules: [], allowedDecisions: [] });
});

test('facts are recorded as JSON and read back strictly', () => {
  const facts = factsOf({ amount: 1 }, { annotations: { readOnlyHint: true } });
  expect(policyFactsSchema.parse(JSON.parse(JSON.stringify(facts)))).toEqual(facts);
  expect(policyFactsSchema.safeParse({ ...facts, now: 1 }).success).toBe(false);
});

const conditions = [
  'args.amount > 50',
  'args.amount < 50',
  'args.missing',
  'args.list.exists(x, x > 3)',
  'has(args.a)',
];
const anyRule: fc.Arbitrary<RuleInput> = fc
  .record(
    {
      match: fc.constantFrom('*', 'ref*', 'other', '?efund'),
      effect: fc.constantFrom(...EFFECTS),
      when: fc.constantFrom(...conditions),
      risk: fc.constantFrom(...RISKS),
      decideWithinMs: fc.integer({ min: 1, max: 2 * DEFAULT_DECIDE_WITHIN_MS }),
      executeWithinMs: fc.integer({ min: 1, max: 2 * DEFAULT_EXECUTE_WITHIN_MS }),
      approvers: fc.record(
        {
          groups: fc.constantFrom<string[]>(['a'], ['b', 'c']),
          notRequester: fc.boolean(),
          reasonRequired: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ['match', 'effect'] },
  )
  .map(({ match, effect, when, risk, ...ofAsking }) => ({
    id: 'r',
    match,
    effect,
    ...(when !== undefined && { when }),
    ...(risk !== undefined && { risk }),
    ...(effect === 'ask' && ofAsking),
  }));
const anyLayer = fc
  .tuple(fc.constantFrom(...POLICY_LAYER_NAMES), fc.array(anyRule, { maxLength: 4 }))
  .map(([name, rules]) => layer(name, ...rules.map((rule, index) => ({ ...rule, id: `r${index}` }))));
const anyPolicy = fc.uniqueArray(anyLayer, { selector: (value) => value.name, maxLength: 4 });
const anyFacts = fc
  .record({ amount: fc.nat(100), list: fc.array(fc.nat(5)) }, { requiredKeys: [] })
  .map((args) => factsOf({ ...args }));

test('evaluating recorded facts again gives the identical verdict, in plain JSON', () => {
  fc.assert(
    fc.property(anyPolicy, anyFacts, (policy, facts) => {
      const verdict = JSON.stringify(verdictOf(policy, facts));
      expect(JSON.stringify(verdictOf(JSON.parse(JSON.stringify(policy)), JSON.parse(JSON.stringify(facts))))).toBe(
        verdict,
      );
      expect(JSON.parse(verdict)).toEqual(verdictOf(policy, facts));
    }),
  );
});

test('layers together are at least as strict as each layer that has an opinion', () => {
  fc.assert(
    fc.property(anyPolicy, anyFacts, (policy, facts) => {
      const together = verdictOf(policy, facts);
      for (const one of policy) {
        const alone = verdictOf([one], facts);
        if (alone.matched.length === 0) continue;
        expect(EFFECTS.indexOf(together.effect)).toBeGreaterThanOrEqual(EFFECTS.indexOf(alone.effect));
        expect(RISKS.indexOf(together.risk)).toBeGreaterThanOrEqual(RISKS.indexOf(alone.risk));
        if (alone.effect !== 'ask' || together.effect !== 'ask') continue;
        expect(together.decideWithinMs).toBeLessThanOrEqual(alone.decideWithinMs);
        expect(together.executeWithinMs).toBeLessThanOrEqual(alone.executeWithinMs);
        expect(alone.allowedDecisions).toEqual(expect.arrayContaining([...together.allowedDecisions]));
        const demanding = alone.approverRules.filter(
          (rule) => JSON.stringify(rule) !== JSON.stringify(DEFAULT_APPROVER_RULE),
        );
        expect(together.approverRules).toEqual(expect.arrayContaining(demanding));
      }
    }),
    { numRuns: 500 },
  );
});

test('the order of layers and of rules in a layer changes no effect, time or risk', () => {
  fc.assert(
    fc.property(anyPolicy, anyFacts, (policy, facts) => {
      const reversed = policy.toReversed().map((one) => ({ ...one, rules: one.rules.toReversed() }));
      const { effect, risk, decideWithinMs, executeWithinMs, allowedDecisions } = verdictOf(policy, facts);
      expect(verdictOf(reversed, facts)).toMatchObject({
        effect,
        risk,
        decideWithinMs,
        executeWithinMs,
        allowedDecisions,
      });
    }),
  );
});

test('a call that asks can always be rejected', () => {
  fc.assert(
    fc.property(anyPolicy, anyFacts, (policy, facts) => {
      const verdict = verdictOf(policy, facts);
      if (verdict.effect === 'ask') expect(verdict.allowedDecisions).toEqual([...DECISIONS]);
    }),
  );
});
