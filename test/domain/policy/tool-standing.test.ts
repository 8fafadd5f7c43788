import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../../src/domain/policy/compile.ts';
import type { CompiledLayer } from '../../../src/domain/policy/compile.ts';
import { evaluatePolicy } from '../../../src/domain/policy/evaluate.ts';
import type { PolicyLayerInput, RuleInput } from '../../../src/domain/policy/policy-schema.ts';
import { toolStanding } from '../../../src/domain/policy/tool-standing.ts';
import { anyFacts, anyPolicy } from './any-policy.ts';

const compiled = (layers: readonly PolicyLayerInput[]): readonly CompiledLayer[] => {
  const result = compilePolicy(layers);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.compiled;
};

const rule = (effect: RuleInput['effect'], more: Partial<RuleInput> = {}): RuleInput => ({
  ...{ id: `${effect}${more.when ?? ''}`.replace(/\W/g, ''), match: 'refund', effect },
  ...more,
});
const when = 'args.amount > 5';
const deployment = (...rules: RuleInput[]): PolicyLayerInput => ({ name: 'deployment', rules });
const agent = (...rules: RuleInput[]): PolicyLayerInput => ({ name: 'agent', rules });

describe('what a model is told of a tool beforehand', () => {
  test.each<[PolicyLayerInput[], string]>([
    [[], 'asks'],
    [[agent(rule('allow'))], 'allowed'],
    [[agent(rule('allow'), rule('ask'))], 'asks'],
    [[agent(rule('allow'), rule('deny'))], 'denied'],
    [[agent(rule('allow', { when }))], 'depends'],
    [[agent(rule('ask', { when }))], 'asks'],
    [[agent(rule('allow'), rule('ask', { when }))], 'depends'],
    [[agent(rule('deny'), rule('ask', { when }))], 'denied'],
    [[agent(rule('ask'), rule('allow', { when }))], 'asks'],
    [[agent(rule('deny', { match: 'deploy' }))], 'asks'],
    [[{ ...deployment(rule('deny')), mode: 'shadow' }, agent(rule('allow'))], 'allowed'],
    [[{ ...deployment(rule('deny')), mode: 'off' }, agent(rule('allow'))], 'allowed'],
    [[deployment(rule('deny', { overridable: true })), agent(rule('allow'))], 'allowed'],
    [[deployment(rule('deny', { overridable: true }))], 'denied'],
    [[deployment(rule('deny', { overridable: true })), agent(rule('allow', { when }))], 'depends'],
  ])('%j: %s', (layers, standing) => {
    expect(toolStanding(compiled(layers), 'refund')).toBe(standing);
  });

  test('a standing other than `depends` is what every call gets, conditions that fail aside', () => {
    const effects = { allowed: 'allow', asks: 'ask', denied: 'deny' } as const;
    fc.assert(
      fc.property(anyPolicy.map(compiled), anyFacts, (layers, facts) => {
        const standing = toolStanding(layers, facts.tool.name);
        const { effect, matched, reason } = evaluatePolicy(layers, facts);
        if (standing === 'depends' || matched.some((match) => match.errored) || reason.includes('no decision')) return;
        // Rules that ask in ways that exclude each other deny.
        if (standing === 'asks' && effect === 'deny')
          expect(matched.every((match) => match.effect !== 'deny')).toBe(true);
        else expect(effect).toBe(effects[standing]);
      }),
      { numRuns: 500 },
    );
  });
});
