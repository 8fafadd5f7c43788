import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyFacts, anyPolicy } from './any-policy.ts';
import { isAtLeastAsStrict } from '../../../src/domain/policy/compare-verdicts.ts';
import { compilePolicy } from '../../../src/domain/policy/compile.ts';
import type { CompiledLayer } from '../../../src/domain/policy/compile.ts';
import { evaluatePolicy } from '../../../src/domain/policy/evaluate.ts';
import type { Verdict } from '../../../src/domain/policy/evaluate.ts';
import type { PolicyLayerInput } from '../../../src/domain/policy/policy-schema.ts';
import { Verdict as RecordedVerdict } from '../../../src/domain/schemas/approval.ts';

function layersOf(policy: readonly PolicyLayerInput[]): readonly CompiledLayer[] {
  const result = compilePolicy(policy);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.compiled;
}

/** The rules that hold for a call although others could replace them. */
const withoutOverridable = (layers: readonly CompiledLayer[]): CompiledLayer[] =>
  layers.map((layer) => ({ ...layer, rules: layer.rules.filter(({ rule }) => rule.overridable !== true) }));

const layersAndFacts = fc.tuple(anyPolicy.map(layersOf), anyFacts);

function expectAtLeastAsStrict(first: Verdict, second: Verdict): void {
  if (!isAtLeastAsStrict(first, second)) expect(second, 'is laxer').toEqual(first);
}

const RUNS = 1_500;

test('S1.1 every combination of layers is at least as strict as each layer alone, but for what the deployment marks overridable', () => {
  let compared = 0;
  fc.assert(
    fc.property(layersAndFacts, ([layers, facts]) => {
      const together = evaluatePolicy(layers, facts);
      for (const one of withoutOverridable(layers)) {
        const alone = evaluatePolicy([one], facts);
        // A layer without a match has no opinion.
        if (alone.matched.length === 0) continue;
        compared += 1;
        expectAtLeastAsStrict(alone, together);
      }
    }),
    { numRuns: RUNS },
  );
  expect(compared).toBeGreaterThan(RUNS / 2);
});

test('a rule more, in any layer, never loosens, but by way of an overridable one', () => {
  fc.assert(
    fc.property(layersAndFacts, fc.nat(), ([layers, facts], pick) => {
      const firm = withoutOverridable(layers);
      const candidates = firm.flatMap((layer, index) => layer.rules.map((_, rule) => ({ index, rule })));
      const dropped = candidates[pick % Math.max(1, candidates.length)];
      if (dropped === undefined) return;
      const fewer = firm.map((layer, index) =>
        index === dropped.index ? { ...layer, rules: layer.rules.filter((_, rule) => rule !== dropped.rule) } : layer,
      );
      const without = evaluatePolicy(fewer, facts);
      // With no match at all the call asks by default, which any rule may settle.
      if (without.matched.length === 0) return;
      expectAtLeastAsStrict(without, evaluatePolicy(firm, facts));
    }),
    { numRuns: RUNS },
  );
});

test('what is overridable gives way as a whole: the rest is as if it had not been written', () => {
  fc.assert(
    fc.property(layersAndFacts, ([layers, facts]) => {
      const { matched, ...verdict } = evaluatePolicy(layers, facts);
      if (!matched.some((match) => match.overridden)) return;
      const { matched: _, ...without } = evaluatePolicy(withoutOverridable(layers), facts);
      expect(verdict).toEqual(without);
    }),
    { numRuns: RUNS },
  );
});

test('layers in shadow or off never change the verdict', () => {
  fc.assert(
    fc.property(layersAndFacts, anyPolicy, fc.constantFrom('shadow', 'off'), ([layers, facts], others, mode) => {
      const allowed = others.filter((layer) => mode === 'shadow' || layer.name === 'deployment');
      const idle = layersOf(allowed.map((layer) => ({ ...layer, mode })));
      const { shadow: _, ...verdict } = evaluatePolicy([...layers, ...idle], facts);
      expect(verdict).toEqual(evaluatePolicy(layers, facts));
    }),
    { numRuns: 500 },
  );
});

test('evaluating recorded facts again gives the identical verdict, in plain JSON that is stored whole', () => {
  fc.assert(
    fc.property(anyPolicy, anyFacts, (policy, facts) => {
      const verdict = JSON.stringify(evaluatePolicy(layersOf(policy), facts));
      const again = evaluatePolicy(layersOf(JSON.parse(JSON.stringify(policy))), JSON.parse(JSON.stringify(facts)));
      expect(JSON.stringify(again)).toBe(verdict);
      const { matched: _, ...recorded } = JSON.parse(verdict);
      expect(RecordedVerdict.parse(recorded)).toEqual(recorded);
    }),
  );
});

test('the order of layers and of rules in a layer changes nothing but which rule is named', () => {
  const ofPeople = ({ ruleId: _, layer: __, reason: ___, matched: ____, ...rest }: Verdict): object => ({
    ...rest,
    approverRules: rest.approverRules.map((rule) => JSON.stringify(rule)).toSorted(),
    stateEditable: rest.stateEditable?.toSorted(),
    channels: rest.channels?.toSorted(),
    grantable: rest.grantable && { ...rest.grantable, scopes: rest.grantable.scopes.toSorted() },
    escalation: rest.escalation && {
      ...rest.escalation,
      steps: rest.escalation.steps.map((step) => ({
        ...step,
        approverRules: step.approverRules.map((rule) => JSON.stringify(rule)).toSorted(),
      })),
    },
  });
  fc.assert(
    fc.property(layersAndFacts, ([layers, facts]) => {
      const reversed = layers.toReversed().map((one) => ({ ...one, rules: one.rules.toReversed() }));
      expect(ofPeople(evaluatePolicy(reversed, facts))).toEqual(ofPeople(evaluatePolicy(layers, facts)));
    }),
  );
});

test('a call that asks can be rejected, and settled otherwise, by some channel', () => {
  fc.assert(
    fc.property(layersAndFacts, ([layers, facts]) => {
      const { effect, allowedDecisions, channels, approverRules } = evaluatePolicy(layers, facts);
      if (effect !== 'ask') return;
      expect(allowedDecisions).toContain('reject');
      expect(allowedDecisions.length).toBeGreaterThan(1);
      expect(channels).not.toEqual([]);
      expect(approverRules.length).toBeGreaterThan(0);
    }),
  );
});
