import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../../src/domain/policy/compile.ts';
import { DEFAULT_APPROVER_RULE, DEFAULT_EXECUTE_WITHIN_MS } from '../../../src/domain/policy/ask-terms.ts';
import { DEFAULT_DECIDE_WITHIN_MS } from '../../../src/domain/policy/clock-faults.ts';
import { evaluatePolicy } from '../../../src/domain/policy/evaluate.ts';
import type { Verdict } from '../../../src/domain/policy/evaluate.ts';
import { policyFactsSchema } from '../../../src/domain/policy/facts.ts';
import type { PolicyFacts } from '../../../src/domain/policy/facts.ts';
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
    allowedDecisions: ['approve', 'reject', 'edit', 'respond', 'request_changes'],
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

const HOUR_MS = 3_600_000;

describe('every field of what asks is combined by the strictest', () => {
  const combined = (...rules: Partial<RuleInput>[]) =>
    verdictOf([layer('deployment', ...rules.map((rule, index) => ({ ...ask, id: `r${index}`, ...rule })))]);

  test('decisions and channels by what all allow', () => {
    const verdict = combined(
      { allowedDecisions: ['approve', 'edit', 'reject'], channels: ['cli', 'inbox'] },
      { allowedDecisions: ['reject', 'respond', 'edit'], channels: ['inbox', 'chat', 'cli'] },
      { channels: ['inbox', 'api'] },
      {},
    );
    expect(verdict).toMatchObject({ effect: 'ask', allowedDecisions: ['reject', 'edit'], channels: ['inbox'] });
    expect(combined({})).not.toHaveProperty('channels');
  });

  test.each<[string, Partial<RuleInput>[]]>([
    [
      'no decision that approves',
      [{ allowedDecisions: ['approve', 'reject'] }, { allowedDecisions: ['edit', 'reject'] }],
    ],
    ['no channel', [{ channels: ['cli'] }, { channels: ['inbox'] }]],
  ])('where %s is left the call is denied at once, rather than asked for in vain', (_name, rules) => {
    expect(combined(...rules)).toMatchObject({ effect: 'deny', allowedDecisions: [], approverRules: [] });
  });

  test('the outcome of silence by the strictest; a rule that names none means deny', () => {
    const outcomes = (...named: RuleInput['onExpire'][]) =>
      combined(
        ...named.map((onExpire) => ({
          ...(onExpire && { onExpire }),
          ...(onExpire === 'escalate' && { escalate: ladder }),
        })),
      ).onExpire;
    const ladder = [{ approvers: { groups: ['leads'] }, within: '1h' }];
    expect(outcomes('allow')).toBe('allow');
    expect(outcomes('allow', 'escalate')).toBe('escalate');
    expect(outcomes('escalate', undefined)).toBe('deny');
    expect(outcomes('block', 'allow', undefined)).toBe('block');
    expect(outcomes('block', 'fail')).toBe('fail');
  });

  test('silence allows only after the longest wait, and never where another rule knows of a high risk', () => {
    const allowing: Partial<RuleInput>[] = [
      { onExpire: 'allow', decideWithin: '1h' },
      { onExpire: 'allow', decideWithin: '5h' },
    ];
    expect(combined(...allowing)).toMatchObject({ onExpire: 'allow', decideWithinMs: 5 * HOUR_MS });
    expect(verdictOf([layer('deployment', { ...ask, ...allowing[0] }, { ...allow, risk: 'critical' })])).toMatchObject({
      onExpire: 'deny',
      risk: 'critical',
    });
  });

  test('ladders step by step: whom any asks, in the shortest time, as far as the shortest goes, to the strictest end', () => {
    const verdict = combined(
      {
        onExpire: 'escalate',
        escalate: [
          { approvers: { groups: ['leads'] }, within: '4h' },
          { approvers: { groups: ['board'] }, within: '1d' },
        ],
      },
      { onExpire: 'escalate', escalate: [{ approvers: { users: ['user:bo'] }, within: '2h' }], escalateThen: 'block' },
    );
    expect(verdict.escalation).toMatchObject({
      steps: [{ approverRules: [{ groups: ['leads'] }, { users: ['user:bo'] }], decideWithinMs: 2 * HOUR_MS }],
      then: 'block',
    });
    expect(verdict.escalation?.steps).toHaveLength(1);
  });

  test('waiting is no way around the requester being excluded, or the reason that is wanted', () => {
    const escalate = [{ approvers: { groups: ['leads'] }, within: '4h' }];
    const approvers = { notRequester: true, reasonRequired: true };
    expect(combined({ approvers, onExpire: 'escalate', escalate }).escalation?.steps[0]?.approverRules).toEqual([
      { groups: ['leads'], approvals: 1, rejections: 1, ...approvers },
    ]);
  });

  test('warnings as early as still comes after the request, reminders as often as any wants', () => {
    const verdict = combined(
      { decideWithin: '2h', warnBefore: '30m' },
      { decideWithin: '9h', warnBefore: '8h', remindEvery: '1h' },
      { remindEvery: '20m', maxReminders: 1 },
    );
    expect(verdict).toMatchObject({ warnBeforeMs: HOUR_MS / 2, reminders: { everyMs: HOUR_MS / 3, max: 3 } });
    expect(combined({ decideWithin: '2h' }, { warnBefore: '3h' })).not.toHaveProperty('warnBeforeMs');
  });

  test('state and grants as far as all rules let them, and not at all where one is silent', () => {
    const wide: Partial<RuleInput> = {
      stateEditable: ['customer', 'note'],
      grantable: { scopes: ['run', 'conversation', 'agent'], maxTtl: '8h', maxUses: 5 },
    };
    const narrow: Partial<RuleInput> = {
      stateEditable: ['customer.tier'],
      grantable: { scopes: ['agent', 'run'], maxTtl: '1d', maxUses: 2 },
    };
    expect(combined(wide, narrow)).toMatchObject({
      stateEditable: ['customer.tier'],
      grantable: { scopes: ['run', 'agent'], maxTtlMs: 8 * HOUR_MS, maxUses: 2 },
    });
    const withSilent = combined(wide, {});
    expect(withSilent).not.toHaveProperty('stateEditable');
    expect(withSilent).not.toHaveProperty('grantable');
    const apart = combined(
      wide,
      { grantable: { scopes: ['run'], maxTtl: '1h', maxUses: 1 } },
      { grantable: { scopes: ['agent'], maxTtl: '1h', maxUses: 1 } },
    );
    expect(apart).not.toHaveProperty('grantable');
  });

  test('S1.4 one rule that wants all or nothing is enough', () => {
    expect(combined({ batch: 'all_or_nothing' }, {})).toMatchObject({ batch: 'all_or_nothing' });
  });
});

describe('S1.1 what the deployment leaves to others', () => {
  const open: RuleInput = { ...ask, id: 'by-default', overridable: true, risk: 'high' };
  test.each<[string, PolicyLayerInput[], string]>([
    ['holds where nobody else has a say', [layer('deployment', open)], 'ask by-default'],
    ['gives way to the agent', [layer('deployment', open), layer('agent', allow)], 'allow free'],
    ['gives way to the project', [layer('deployment', open), layer('project', allow)], 'allow free'],
    ['does not give way to a tool', [layer('deployment', open), layer('tool', allow)], 'ask by-default'],
    [
      'does not give way to another tool',
      [layer('deployment', open), layer('agent', { ...allow, match: 'x' })],
      'ask by-default',
    ],
    [
      'does not give way on a condition that is not met',
      [layer('deployment', open), layer('agent', { ...allow, when: 'false' })],
      'ask by-default',
    ],
    [
      'does not give way to a rule that fails',
      [layer('deployment', { ...open, effect: 'deny' }), layer('agent', { ...allow, when: 'args.none > 1' })],
      'deny by-default',
    ],
    [
      'gives way alone: other rules of the deployment hold',
      [layer('deployment', open, { ...deny, id: 'hard' }), layer('agent', allow)],
      'deny hard',
    ],
  ])('%s', (_name, layers, expected) => {
    const { effect, ruleId } = verdictOf(layers);
    expect(`${effect} ${ruleId}`).toBe(expected);
  });

  test('the verdict says which rule gave way', () => {
    const { matched, risk } = verdictOf([layer('deployment', open), layer('agent', allow)]);
    expect(risk).toBe('low');
    expect(matched).toEqual([
      { layer: 'deployment', ruleId: 'by-default', effect: 'ask', overridden: true },
      { layer: 'agent', ruleId: 'free', effect: 'allow' },
    ]);
  });
});

describe('B12 modes', () => {
  const shadow = (of: PolicyLayerInput): PolicyLayerInput => ({ ...of, mode: 'shadow' });
  test('S1.1 a layer that is off says nothing: not even that calls are free', () => {
    const verdict = verdictOf([{ ...layer('deployment', deny), mode: 'off' }, layer('agent', allow)]);
    expect(verdict).toMatchObject({ effect: 'allow', ruleId: 'free' });
    expect(verdictOf([{ ...layer('deployment', allow), mode: 'off' }])).toMatchObject({ effect: 'ask', layer: null });
  });

  test('a layer in shadow changes nothing, and what it would have said is told', () => {
    const layers = [layer('agent', allow), shadow(layer('deployment', deny))];
    const { shadow: would, ...verdict } = verdictOf(layers);
    expect(verdict).toEqual(verdictOf([layer('agent', allow)]));
    expect(would).toEqual({ effect: 'deny', ruleId: 'never', layer: 'deployment' });
  });

  test('it stands in the place of the enforced layer of its name, so that it may also be laxer', () => {
    const layers = [layer('agent', deny), shadow(layer('agent', allow))];
    expect(verdictOf(layers)).toMatchObject({ effect: 'deny', shadow: { effect: 'allow', ruleId: 'free' } });
  });

  test('where no rule of it would match, the default is what it would have said', () => {
    const layers = [layer('agent', allow), shadow(layer('agent', { ...allow, match: 'other' }))];
    expect(verdictOf(layers)).toMatchObject({ shadow: { effect: 'ask', ruleId: 'default', layer: 'default' } });
    expect(verdictOf([layer('agent', allow), shadow(layer('agent'))])).not.toHaveProperty('shadow');
  });

  test('where it would make no difference, nothing is told; where it asks others, it is', () => {
    expect(verdictOf([layer('agent', ask), shadow(layer('agent', { ...ask, id: 'renamed' }))])).not.toHaveProperty(
      'shadow',
    );
    const others = { ...ask, approvers: { groups: ['leads'] } };
    expect(verdictOf([layer('agent', ask), shadow(layer('agent', others))])).toMatchObject({
      shadow: { effect: 'ask' },
    });
  });
});

test('facts are recorded as JSON and read back strictly', () => {
  const facts = factsOf({ amount: 1 }, { annotations: { readOnlyHint: true } });
  expect(policyFactsSchema.parse(JSON.parse(JSON.stringify(facts)))).toEqual(facts);
  expect(policyFactsSchema.safeParse({ ...facts, now: 1 }).success).toBe(false);
});
