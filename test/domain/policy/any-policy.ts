import fc from 'fast-check';
import {
  DECISIONS,
  EFFECTS,
  EXPIRY_OUTCOMES,
  POLICY_LAYER_NAMES,
  RISKS,
} from '../../../src/domain/policy/policy-schema.ts';
import type { PolicyLayerInput, RuleInput } from '../../../src/domain/policy/policy-schema.ts';
import { GrantScope } from '../../../src/domain/schemas/approval.ts';
import { factsOf } from './facts-of.ts';

const HOUR_MS = 3_600_000;

const conditions = [
  'args.amount > 50',
  'args.amount < 50',
  'args.missing',
  'args.list.exists(x, x > 3)',
  'has(args.a)',
];

const approvers = fc.record(
  {
    groups: fc.constantFrom<string[]>(['a'], ['b', 'c']),
    users: fc.constantFrom<string[]>(['user:ada'], ['user:ada', 'user:bo']),
    approvals: fc.constantFrom(1, 2),
    notRequester: fc.boolean(),
    reasonRequired: fc.boolean(),
  },
  { requiredKeys: [] },
);
/** A quorum that the users named can reach. */
const reachable = approvers.map(({ approvals = 1, ...rule }) => ({
  ...rule,
  approvals: rule.groups === undefined && rule.users?.length === 1 ? 1 : approvals,
}));
const decideWithinMs = fc.integer({ min: 10, max: 48 * HOUR_MS });
const ladder = fc.array(fc.record({ approvers: reachable, withinMs: decideWithinMs }), { minLength: 1, maxLength: 3 });
const others = DECISIONS.filter((decision) => decision !== 'reject');

const fields = {
  decideWithinMs,
  executeWithinMs: fc.integer({ min: 1, max: 2 * HOUR_MS }),
  approvers: reachable,
  allowedDecisions: fc.subarray(others, { minLength: 1 }).map((some) => [...some, 'reject' as const]),
  onExpire: fc.constantFrom(...EXPIRY_OUTCOMES),
  escalate: ladder,
  escalateThen: fc.constantFrom('deny', 'block', 'fail'),
  warnBeforeMs: fc.integer({ min: 1, max: 9 }),
  remindEveryMs: fc.integer({ min: 1, max: 9 }),
  stateEditable: fc.subarray(['a', 'a.b', '*.b', 'c.*'], { minLength: 1 }),
  grantable: fc.record({
    scopes: fc.subarray([...GrantScope.options], { minLength: 1 }),
    maxTtlMs: fc.integer({ min: 1, max: 1000 }),
    maxUses: fc.integer({ min: 1, max: 100 }),
  }),
  batch: fc.constant('all_or_nothing' as const),
  channels: fc.subarray(['api', 'cli', 'inbox', 'chat'] as const, { minLength: 2 }),
};

/** Ladders meet only where no rule that asks is silent about them, so they are made more frequent than chance would. */
const climbing = { ...fields, onExpire: fc.constant('escalate' as const) };
const terms = fc.oneof(
  fc.record(fields, { requiredKeys: [] }),
  fc.record(climbing, { requiredKeys: ['onExpire', 'escalate'] }),
);

const anyRule: fc.Arbitrary<Omit<RuleInput, 'id'>> = fc
  .record(
    {
      match: fc.constantFrom('*', 'ref*', 'other', '?efund'),
      effect: fc.constantFrom(...EFFECTS, 'ask' as const),
      when: fc.constantFrom(...conditions),
      risk: fc.constantFrom(...RISKS),
      overridable: fc.constant(true),
      terms,
    },
    { requiredKeys: ['match', 'effect', 'terms'] },
  )
  .map(({ effect, terms: given, ...rule }) => ({
    ...rule,
    effect,
    ...(effect === 'ask' && coherent(given, rule.risk)),
  }));

type Terms = Partial<Pick<RuleInput, 'onExpire' | 'escalate' | 'escalateThen'>>;

/** A ladder where it is escalated, and nowhere else; no consent by silence to what is dangerous. */
function coherent({ escalate, escalateThen, onExpire, ...rest }: Terms, risk: RuleInput['risk']): object {
  if (onExpire === 'escalate' && escalate !== undefined)
    return { ...rest, onExpire, escalate, ...(escalateThen && { escalateThen }) };
  if (onExpire === undefined || onExpire === 'escalate') return rest;
  return onExpire === 'allow' && (risk === 'high' || risk === 'critical') ? rest : { ...rest, onExpire };
}

const anyLayer: fc.Arbitrary<PolicyLayerInput> = fc
  .tuple(fc.constantFrom(...POLICY_LAYER_NAMES), fc.array(anyRule, { maxLength: 4 }))
  .map(([name, rules]) => ({ name, rules: rules.map((rule, index) => ofLayer(name, { ...rule, id: `r${index}` })) }));

/** What only the deployment may say. */
function ofLayer(name: PolicyLayerInput['name'], rule: RuleInput): RuleInput {
  if (name === 'deployment') return rule;
  const { overridable: _, onExpire, ...rest } = rule;
  return onExpire === undefined || onExpire === 'allow' ? rest : { ...rest, onExpire };
}

/** Any policy that compiles: each layer at most once, all of them enforced. */
export const anyPolicy = fc.uniqueArray(anyLayer, { selector: (layer) => layer.name, maxLength: 4 });

export const anyFacts = fc
  .record({ amount: fc.nat(100), list: fc.array(fc.nat(5)) }, { requiredKeys: [] })
  .map((args) => factsOf({ ...args }));
