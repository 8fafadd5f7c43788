import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tightenVerdict } from '../../../src/domain/consent/tighten-verdict.ts';
import { EFFECTS, EXPIRY_OUTCOMES, RISKS } from '../../../src/domain/policy/policy-schema.ts';
import { Verdict } from '../../../src/domain/schemas/approval.ts';
import type { ApproverRule, DecisionKind } from '../../../src/domain/schemas/approval.ts';

const ANYBODY: ApproverRule = { approvals: 1, rejections: 1, notRequester: false, reasonRequired: false };

const rule: fc.Arbitrary<ApproverRule> = fc.record({
  groups: fc.constantFrom(['finance'], ['legal']),
  approvals: fc.integer({ min: 1, max: 3 }),
  rejections: fc.integer({ min: 1, max: 2 }),
  notRequester: fc.boolean(),
  reasonRequired: fc.boolean(),
});
const decisions = fc
  .subarray<DecisionKind>(['approve', 'edit', 'respond', 'request_changes'], { minLength: 1 })
  .map((some): DecisionKind[] => [...some, 'reject']);
const times = fc.integer({ min: 1_000, max: 100_000 });

/** As policy makes them: who may decide is said where it asks, and nowhere else. */
const verdict: fc.Arbitrary<Verdict> = fc
  .record({
    effect: fc.constantFrom(...EFFECTS),
    ruleId: fc.constantFrom('a', 'b'),
    risk: fc.constantFrom(...RISKS),
    allowedDecisions: decisions,
    approverRules: fc.uniqueArray(fc.oneof(rule, fc.constant(ANYBODY)), {
      minLength: 1,
      maxLength: 3,
      selector: (one) => JSON.stringify(one),
    }),
    decideWithinMs: times,
    executeWithinMs: times,
    onExpire: fc.constantFrom(...EXPIRY_OUTCOMES),
    stateEditable: fc.option(fc.subarray(['a', 'b.c', 'b.*']), { nil: undefined }),
    grantable: fc.option(fc.constant({ scopes: ['run' as const], maxTtlMs: 1_000, maxUses: 3 }), { nil: undefined }),
    channels: fc.option(fc.subarray(['api' as const, 'cli' as const], { minLength: 1 }), { nil: undefined }),
    batch: fc.option(fc.constant('all_or_nothing' as const), { nil: undefined }),
    escalation: fc.record({
      steps: fc.array(
        fc.record({ approverRules: fc.array(rule, { minLength: 1, maxLength: 2 }), decideWithinMs: times }),
        {
          minLength: 1,
          maxLength: 3,
        },
      ),
      then: fc.constantFrom('deny' as const, 'block' as const, 'fail' as const),
    }),
  })
  .map(({ effect, allowedDecisions, approverRules, escalation, ...rest }) =>
    Verdict.parse({
      ...JSON.parse(JSON.stringify(rest)),
      effect,
      layer: 'agent',
      reason: 'Because.',
      allowedDecisions: effect === 'ask' ? allowedDecisions : [],
      approverRules: effect === 'ask' ? approverRules : [],
      ...(rest.onExpire === 'escalate' && { escalation }),
    }),
  );

test('without an opinion of today the pinned verdict stands', () => {
  fc.assert(
    fc.property(verdict, (pinned) => {
      expect(tightenVerdict(pinned, undefined)).toEqual(pinned);
    }),
  );
});

test('what comes of two is at least as strict as either, in every field', () => {
  const order = (of: readonly string[], value: string) => of.indexOf(value);
  const texts = (rules: readonly ApproverRule[]) => rules.map((one) => JSON.stringify(one));
  fc.assert(
    fc.property(verdict, verdict, (pinned, current) => {
      const both = tightenVerdict(pinned, current);
      expect(Verdict.parse(both)).toEqual(both);
      for (const one of [pinned, current]) {
        expect(order(EFFECTS, both.effect)).toBeGreaterThanOrEqual(order(EFFECTS, one.effect));
        expect(order(RISKS, both.risk)).toBeGreaterThanOrEqual(
          order(RISKS, one.effect === both.effect ? one.risk : 'low'),
        );
        if (both.effect !== 'ask' || one.effect !== 'ask') continue;
        expect(both.allowedDecisions.every((decision) => one.allowedDecisions.includes(decision))).toBe(true);
        const wanted = texts(one.approverRules).filter((text) => text !== JSON.stringify(ANYBODY));
        expect(texts(both.approverRules)).toEqual(expect.arrayContaining(wanted));
        expect(both.decideWithinMs).toBeLessThanOrEqual(one.decideWithinMs);
        expect(both.executeWithinMs).toBeLessThanOrEqual(one.executeWithinMs);
        expect(order(EXPIRY_OUTCOMES, both.onExpire)).toBeGreaterThanOrEqual(order(EXPIRY_OUTCOMES, one.onExpire));
        if (one.channels) expect(both.channels?.every((channel) => one.channels?.includes(channel))).toBe(true);
        if (one.batch) expect(both.batch).toBe('all_or_nothing');
        if (!one.grantable) expect(both.grantable).toBeUndefined();
        if (!one.stateEditable) expect(both.stateEditable ?? []).toEqual([]);
      }
      if (both.effect === 'ask') expect(both.approverRules.length).toBeGreaterThan(0);
      if (both.onExpire === 'escalate' && both.effect === 'ask') expect(both.escalation).toBeDefined();
    }),
    { numRuns: 1_000 },
  );
});

test('what a run was started without, nobody may remember or loosen', () => {
  const pinned = { effect: 'allow', ruleId: 'free' } as Verdict;
  const current = { effect: 'ask', ruleId: 'new', grantable: { scopes: ['run'] }, stateEditable: ['a'] } as Verdict;
  const both = tightenVerdict({ ...pinned, risk: 'high' }, { ...current, risk: 'low' });
  expect(both).toMatchObject({ effect: 'ask', ruleId: 'new', risk: 'high' });
  expect(both).not.toHaveProperty('grantable');
  expect(both).not.toHaveProperty('stateEditable');
});
