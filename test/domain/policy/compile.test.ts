import { describe, expect, test } from 'vitest';
import { compilePolicy, policyDigest } from '../../../src/domain/policy/compile.ts';
import type { KnownPeople } from '../../../src/domain/policy/quorum-faults.ts';
import type { PolicyLayerInput, RuleInput } from '../../../src/domain/policy/policy-schema.ts';

const rule = (fields: Record<string, unknown> = {}): RuleInput => ({ id: 'r', match: '*', effect: 'ask', ...fields });

const layer = (...rules: RuleInput[]): PolicyLayerInput => ({ name: 'deployment', rules });

const ofAgent = (...rules: RuleInput[]): PolicyLayerInput => ({ name: 'agent', rules });

const compiled = (...layers: PolicyLayerInput[]) => {
  const result = compilePolicy(layers);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result;
};

describe('faults name their place', () => {
  test.each<[string, readonly unknown[], string]>([
    ['an unknown field', [layer(rule({ approver: 'ada' }))], '/0/rules/0'],
    [
      'an unknown field of a grant',
      [layer(rule({ grantable: { scopes: ['run'], maxTtl: '1h' } }))],
      '/0/rules/0/grantable/maxUses',
    ],
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
    ['an unknown decision', [layer(rule({ allowedDecisions: ['reject', 'defer'] }))], '/0/rules/0/allowedDecisions/1'],
    ['a channel of no person', [layer(rule({ channels: ['cli', 'system'] }))], '/0/rules/0/channels/1'],
    ['a layer that an agent switches off', [{ name: 'agent', mode: 'off', rules: [] }], '/0/mode'],
    ['what an agent calls overridable', [ofAgent(rule({ overridable: true }))], '/0/rules/0/overridable'],
    ['silence that an agent takes for consent', [ofAgent(rule({ onExpire: 'allow' }))], '/0/rules/0/onExpire'],
    ['silence as consent to a high risk', [layer(rule({ onExpire: 'allow', risk: 'high' }))], '/0/rules/0/onExpire'],
    ['an empty state path', [layer(rule({ stateEditable: [''] }))], '/0/rules/0/stateEditable/0'],
    ['a state path to the prototype', [layer(rule({ stateEditable: ['a.__proto__'] }))], '/0/rules/0/stateEditable/0'],
    ['a star within a segment', [layer(rule({ stateEditable: ['a.b*'] }))], '/0/rules/0/stateEditable/0'],
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

describe('clocks that contradict each other', () => {
  const ladder = [{ approvers: { groups: ['leads'] }, within: '4h' }];
  test.each<[string, Record<string, unknown>, string]>([
    ['a warning before the request', { decideWithin: '1h', warnBefore: '1h' }, 'warnBefore'],
    ['a warning before the request, by default', { warnBefore: '24h' }, 'warnBefore'],
    ['a reminder after the end', { decideWithin: '1h', remindEvery: '2h' }, 'remindEvery'],
    ['a number of reminders and no time', { maxReminders: 3 }, 'maxReminders'],
    ['an escalation to nobody', { onExpire: 'escalate' }, 'onExpire'],
    ['a ladder that is never climbed', { escalate: ladder }, 'escalate'],
    ['a ladder that another outcome comes before', { escalate: ladder, onExpire: 'deny' }, 'escalate'],
    ['the end of a ladder that is not there', { escalateThen: 'block' }, 'escalateThen'],
    ['a step without a time', { onExpire: 'escalate', escalate: [{ approvers: {} }] }, 'escalate/0/within'],
  ])('%s', (_name, fields, place) => {
    const result = compilePolicy([layer(rule(fields))]);
    expect(result.ok || result.faults.map((fault) => fault.path)).toEqual([`/0/rules/0/${place}`]);
  });

  test('those that fit are read', () => {
    const clocks = { decideWithin: '2h', warnBefore: '1h', remindEvery: '30m', maxReminders: 2 };
    const { layers } = compiled(
      layer(rule({ ...clocks, onExpire: 'escalate', escalate: ladder, escalateThen: 'block' })),
    );
    expect(layers[0]?.rules[0]).toMatchObject({
      decideWithinMs: 7_200_000,
      warnBeforeMs: 3_600_000,
      remindEveryMs: 1_800_000,
      maxReminders: 2,
      escalate: [{ approvers: { groups: ['leads'], approvals: 1 }, withinMs: 14_400_000 }],
      escalateThen: 'block',
    });
  });
});

describe('B2 a quorum that nobody can reach', () => {
  const members = { finance: ['user:ada', 'user:bo'], leads: ['user:bo'] };
  const escalate = [{ approvers: { groups: ['leads'], approvals: 2 }, within: '1h' }];
  test.each<[string, Record<string, unknown>, KnownPeople, string[]]>([
    ['more than the users named', { users: ['a', 'b'], approvals: 3 }, {}, ['approvers/approvals']],
    ['the same user named twice', { users: ['a', 'a'], approvals: 2 }, {}, ['approvers/approvals']],
    ['more rejections than users', { users: ['a'], rejections: 2 }, {}, ['approvers/rejections']],
    ['a group of unknown size', { groups: ['finance'], users: ['a'], approvals: 9 }, {}, []],
    ['more than a group has', { groups: ['finance'], approvals: 3 }, { members }, ['approvers/approvals']],
    [
      'two groups with a person in common',
      { groups: ['finance', 'leads'], approvals: 3 },
      { members },
      ['approvers/approvals'],
    ],
    ['a group and a user', { groups: ['finance'], users: ['user:cy'], approvals: 3 }, { members }, []],
    ['anybody', { approvals: 20 }, { members }, []],
    ['a group that does not exist', { groups: ['finance', 'legal'] }, { members }, ['approvers/groups/1']],
    ['a group that is not listed', { groups: ['legal'] }, { groups: ['finance'] }, ['approvers/groups/0']],
    ['a group that is known without its members', { groups: ['ops'], approvals: 9 }, { groups: ['ops'], members }, []],
  ])('%s', (_name, approvers, people, places) => {
    const result = compilePolicy([layer(rule({ approvers }))], people);
    expect(result.ok ? [] : result.faults.map((fault) => fault.path)).toEqual(
      places.map((place) => `/0/rules/0/${place}`),
    );
  });

  test('on a step of a ladder', () => {
    const result = compilePolicy([layer(rule({ onExpire: 'escalate', escalate }))], { members });
    expect(result).toMatchObject({ ok: false, faults: [{ path: '/0/rules/0/escalate/0/approvers/approvals' }] });
  });

  test('more votes than the product counts', () => {
    const result = compilePolicy([layer(rule({ approvers: { approvals: 21 } }))]);
    expect(result).toMatchObject({ ok: false, faults: [{ path: '/0/rules/0/approvers/approvals' }] });
  });
});

test('B12 a new version of a layer stands in the shadow of the one that is enforced, and each once', () => {
  const shadow: PolicyLayerInput = { name: 'deployment', mode: 'shadow', rules: [rule({ effect: 'deny' })] };
  expect(compiled(layer(rule()), shadow).layers.map(({ mode }) => mode)).toEqual([undefined, 'shadow']);
  expect(compilePolicy([shadow, shadow])).toMatchObject({ ok: false, faults: [{ path: '/1/name' }] });
  expect(compiled(shadow, layer(rule())).digest).toBe(compiled(layer(rule()), shadow).digest);
  expect(compiled({ ...layer(rule()), mode: 'enforce' }).digest).toBe(compiled(layer(rule())).digest);
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
    layer(
      rule({ decideWithin: '7d', when: 'args.amount > 1', risk: 'high', reason: 'money' }),
      rule({
        ...{
          id: 's',
          warnBefore: '1h',
          remindEvery: '2h',
          onExpire: 'escalate',
          channels: ['inbox'],
          batch: 'all_or_nothing',
        },
        escalate: [{ approvers: { users: ['user:ada'] }, within: '1h' }],
        grantable: { scopes: ['run'], maxTtl: '8h', maxUses: 3 },
        stateEditable: ['customer.*'],
        overridable: true,
      }),
    ),
    { name: 'deployment', mode: 'shadow', rules: [rule()] },
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
