import { describe, expect, test } from 'vitest';
import { compilePolicy, policyDigest } from '../../../src/domain/policy/compile.ts';
import type { PolicyLayerInput, RuleInput } from '../../../src/domain/policy/policy-schema.ts';

const rule = (fields: Record<string, unknown> = {}): RuleInput => ({ id: 'r', match: '*', effect: 'ask', ...fields });

const layer = (...rules: RuleInput[]): PolicyLayerInput => ({ name: 'deployment', rules });

const compiled = (...layers: PolicyLayerInput[]) => {
  const result = compilePolicy(layers);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result;
};

describe('faults name their place', () => {
  test.each<[string, readonly unknown[], string]>([
    ['an unknown field', [layer(rule({ grantable: true }))], '/0/rules/0'],
    ['an unknown field of the layer', [{ name: 'agent', rules: [], overridable: [] }], '/0'],
    ['an unknown layer', [{ name: 'team', rules: [] }], '/0/name'],
    ['an unknown effect', [layer(rule({ effect: 'maybe' }))], '/0/rules/0/effect'],
    ['a condition that does not parse', [layer(rule(), rule({ id: 's', when: 'args.' }))], '/0/rules/1/when'],
    ['a name that is no fact', [layer(rule({ when: 'user == "x"' }))], '/0/rules/0/when'],
    ['an id given twice', [layer(rule(), rule())], '/0/rules/1/id'],
    ['the id that means no rule', [layer(rule({ id: 'default' }))], '/0/rules/0/id'],
    ['a layer given twice', [layer(), layer()], '/1/name'],
    ['a duration without a unit', [layer(rule({ decideWithin: '24' }))], '/0/rules/0/decideWithin'],
    ['a duration of nothing', [layer(rule({ executeWithin: '0s' }))], '/0/rules/0/executeWithin'],
    ['a duration beyond reason', [layer(rule({ decideWithin: '99999d' }))], '/0/rules/0/decideWithin'],
    ['a duration given twice', [layer(rule({ decideWithin: '1h', decideWithinMs: 5 }))], '/0/rules/0/decideWithin'],
    ['an expiry outcome that is not supported', [layer(rule({ onExpire: 'allow' }))], '/0/rules/0/onExpire'],
    [
      'a quorum that is not supported',
      [layer(rule({ approvers: { approvals: 2 } }))],
      '/0/rules/0/approvers/approvals',
    ],
    [
      'a decision that is not supported',
      [layer(rule({ allowedDecisions: ['edit'] }))],
      '/0/rules/0/allowedDecisions/0',
    ],
    ['no way to reject', [layer(rule({ allowedDecisions: ['approve'] }))], '/0/rules/0/allowedDecisions'],
    ['no way but to reject', [layer(rule({ allowedDecisions: ['reject'] }))], '/0/rules/0/allowedDecisions'],
    ['approvers on a rule that allows', [layer(rule({ effect: 'allow', approvers: {} }))], '/0/rules/0/approvers'],
    ['an empty approver list', [layer(rule({ approvers: { groups: [] } }))], '/0/rules/0/approvers/groups'],
    ['not a layer', ['deployment'], '/0'],
  ])('%s', (_name, layers, path) => {
    const result = compilePolicy(layers);
    expect(result.ok || result.faults.map((fault) => fault.path)).toContain(path);
  });

  test('all are found at once', () => {
    const result = compilePolicy([layer(rule({ when: 'x' }), rule({ id: 's', when: 'y' })), { name: 'team' }]);
    expect(result.ok || result.faults.length).toBeGreaterThanOrEqual(3);
  });
});

test('durations are read as milliseconds', () => {
  const { layers } = compiled(layer(rule({ decideWithin: '24h', executeWithin: '90s' })));
  expect(layers[0]?.rules[0]).toEqual({
    ...rule(),
    decideWithinMs: 86_400_000,
    executeWithinMs: 90_000,
  });
});

test('what is stored compiles to the same policy with the same digest', () => {
  const first = compiled(
    { name: 'tool', rules: [rule({ approvers: { groups: ['finance'], notRequester: true } })] },
    layer(rule({ decideWithin: '7d', when: 'args.amount > 1', risk: 'high', reason: 'money' })),
  );
  const again = compilePolicy(JSON.parse(JSON.stringify(first.layers)));
  expect(again).toMatchObject({ ok: true, digest: first.digest, layers: first.layers });
});

test('the digest does not depend on the order of layers or on what is left undefined, and on all else it does', () => {
  const a = layer(rule());
  const b: PolicyLayerInput = { name: 'agent', rules: [rule()] };
  const { digest } = compiled(a, b);
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(compiled(b, a).digest).toBe(digest);
  expect(policyDigest(compiled(a, b).layers.toReversed())).toBe(digest);
  expect(compiled(layer(rule({ reason: undefined })), b).digest).toBe(digest);
  expect(compiled(layer(rule({ reason: 'x' })), b).digest).not.toBe(digest);
  expect(compiled(a).digest).not.toBe(digest);
});

test('the digest of a policy is pinned: stored policies are found by it', () => {
  expect(policyDigest([])).toBe('sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945');
});
