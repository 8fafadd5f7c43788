import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { todaysVerdict } from '../../../src/domain/consent/todays-verdict.ts';
import { compilePolicy } from '../../../src/domain/policy/compile.ts';
import type { CompiledLayer } from '../../../src/domain/policy/compile.ts';
import { evaluatePolicy } from '../../../src/domain/policy/evaluate.ts';
import { EFFECTS } from '../../../src/domain/policy/policy-schema.ts';
import type { PolicyLayerInput, PolicyLayerName, RuleInput } from '../../../src/domain/policy/policy-schema.ts';
import { anyFacts, anyPolicy } from '../policy/any-policy.ts';
import { factsOf } from '../policy/facts-of.ts';

const compiled = (layers: readonly PolicyLayerInput[]): readonly CompiledLayer[] => {
  const result = compilePolicy(layers);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.compiled;
};
const layer = (
  name: PolicyLayerName,
  effect: RuleInput['effect'],
  more: Partial<RuleInput> = {},
): PolicyLayerInput => ({
  name,
  rules: [{ id: `${name}-${effect}`, match: '*', effect, ...more }],
});

describe('what the policy of today adds to the pinned one', () => {
  test.each<[string, PolicyLayerInput[], PolicyLayerInput[], string]>([
    ['nothing, where there is none', [layer('agent', 'allow')], [], 'allow agent-allow'],
    [
      'nothing, where none of its rules matches',
      [layer('deployment', 'allow')],
      [layer('project', 'ask', { match: 'x' })],
      'allow deployment-allow',
    ],
    ['a question', [layer('agent', 'allow')], [layer('project', 'ask')], 'ask project-ask'],
    ['a no', [layer('agent', 'ask')], [layer('deployment', 'deny')], 'deny deployment-deny'],
    ['no licence', [layer('agent', 'ask')], [layer('deployment', 'allow')], 'ask agent-ask'],
    ['no licence where nothing was pinned', [], [layer('deployment', 'allow')], 'ask default'],
    [
      'nothing that the pinned agent has answered',
      [layer('agent', 'allow')],
      [layer('deployment', 'deny', { overridable: true })],
      'allow agent-allow',
    ],
    [
      'what the pinned agent has not answered',
      [layer('agent', 'allow', { match: 'x' }), layer('deployment', 'allow')],
      [layer('deployment', 'deny', { overridable: true })],
      'deny deployment-deny',
    ],
    [
      'nothing in shadow',
      [layer('agent', 'allow')],
      [{ ...layer('project', 'deny'), mode: 'shadow' }],
      'allow agent-allow',
    ],
    [
      'nothing that is off',
      [layer('agent', 'allow')],
      [{ ...layer('deployment', 'deny'), mode: 'off' }],
      'allow agent-allow',
    ],
  ])('%s', (_name, pinned, today, expected) => {
    const { effect, ruleId } = todaysVerdict(compiled(pinned), compiled(today), factsOf({}));
    expect(`${effect} ${ruleId}`).toBe(expected);
  });

  test('it never has a laxer effect than the pinned one', () => {
    const ofToday = anyPolicy.map((layers) => layers.filter(({ name }) => name === 'deployment' || name === 'project'));
    fc.assert(
      fc.property(anyPolicy.map(compiled), ofToday.map(compiled), anyFacts, (pinned, today, facts) => {
        const before = evaluatePolicy(pinned, facts);
        const now = todaysVerdict(pinned, today, facts);
        expect(EFFECTS.indexOf(now.effect)).toBeGreaterThanOrEqual(EFFECTS.indexOf(before.effect));
      }),
      { numRuns: 500 },
    );
  });
});
