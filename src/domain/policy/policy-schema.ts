import { z } from 'zod';
import { Channel } from '../schemas/actor.ts';
import { ApproverRule, DecisionKind, ExpiryOutcome, GrantScope, Risk } from '../schemas/approval.ts';
import { parseStatePattern } from '../state/state-path.ts';
import { durationMsSchema, durationSchema } from './duration.ts';
import { clockFaults } from './clock-faults.ts';

/** From the widest to the narrowest. A layer can only tighten what another says, but for `overridable` rules. */
export const POLICY_LAYER_NAMES = ['deployment', 'project', 'agent', 'tool'] as const;
export type PolicyLayerName = (typeof POLICY_LAYER_NAMES)[number];

/** `enforce`: its rules hold. `shadow`: what they would say is recorded, nothing more. `off`: they say nothing. */
export const LAYER_MODES = ['enforce', 'shadow', 'off'] as const;
export type LayerMode = (typeof LAYER_MODES)[number];

/** From the most to the least permissive. */
export const EFFECTS = ['allow', 'ask', 'deny'] as const;
export type Effect = (typeof EFFECTS)[number];

/** From the least to the most serious. */
export const RISKS = Risk.options;

export const DECISIONS = DecisionKind.options;

/** From lenient to strict. */
export const EXPIRY_OUTCOMES = ExpiryOutcome.options;
export type { ExpiryOutcome } from '../schemas/approval.ts';

/** What may follow the last step of a ladder, from lenient to strict. */
export const LADDER_ENDS = ['deny', 'block', 'fail'] as const;

/** How often people are reminded, where a rule says only how far apart. */
export const DEFAULT_MAX_REMINDERS = 3;

const MAX_GLOB_LENGTH = 256;
/** Of a CEL expression, in UTF-16 units. */
export const MAX_EXPRESSION_LENGTH = 4096;
const MAX_LADDER_STEPS = 10;
const MAX_STATE_PATTERNS_OF_RULE = 20;

/** A file writes the text (`within: '4h'`), the parsed form has milliseconds (`withinMs`). */
const onlyOne = (
  value: Readonly<Record<string, unknown>>,
  names: readonly string[],
  fault: (field: string, message: string) => void,
): void => {
  for (const name of names) {
    if (value[name] !== undefined && value[`${name}Ms`] !== undefined) fault(name, 'Given twice');
  }
};

type Context = z.core.$RefinementCtx;

const faultIn =
  (context: Context) =>
  (field: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], message });

const ladderStep = z
  .strictObject({ approvers: ApproverRule, within: durationSchema.optional(), withinMs: durationMsSchema.optional() })
  .superRefine((step, context) => {
    const fault = faultIn(context);
    onlyOne(step, ['within'], fault);
    if ((step.within ?? step.withinMs) === undefined) fault('within', 'Say how long they may take, like "4h"');
  })
  .transform(({ approvers, within, withinMs = within }) => ({ approvers, withinMs: withinMs ?? 0 }));

const grantable = z
  .strictObject({
    scopes: z.array(GrantScope).min(1),
    maxTtl: durationSchema.optional(),
    maxTtlMs: durationMsSchema.optional(),
    maxUses: z.int().min(1).max(10_000),
  })
  .superRefine((limits, context) => {
    const fault = faultIn(context);
    onlyOne(limits, ['maxTtl'], fault);
    if ((limits.maxTtl ?? limits.maxTtlMs) === undefined) fault('maxTtl', 'Say how long a grant may hold, like "8h"');
  })
  .transform(({ scopes, maxTtl, maxTtlMs = maxTtl, maxUses }) => ({ scopes, maxTtlMs: maxTtlMs ?? 0, maxUses }));

const statePattern = z.string().superRefine((pattern, context) => {
  const parsed = parseStatePattern(pattern);
  if (!parsed.ok) context.addIssue({ code: 'custom', message: `The path ${parsed.message}` });
});

const ruleFields = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'An id is lower-case letters, digits, dots, dashes and underscores')
    .refine((id) => id !== 'default', 'The id "default" stands for the case that no rule matched'),
  match: z.string().min(1).max(MAX_GLOB_LENGTH),
  when: z.string().min(1).max(MAX_EXPRESSION_LENGTH).optional(),
  effect: z.enum(EFFECTS),
  /** Deployment only: rules of project and agent that match the call take the place of this one. */
  overridable: z.boolean().optional(),
  reason: z.string().trim().min(1).max(500).optional(),
  risk: z.enum(RISKS).optional(),
  allowedDecisions: z.array(z.enum(DECISIONS)).optional(),
  approvers: ApproverRule.optional(),
  decideWithin: durationSchema.optional(),
  decideWithinMs: durationMsSchema.optional(),
  executeWithin: durationSchema.optional(),
  executeWithinMs: durationMsSchema.optional(),
  warnBefore: durationSchema.optional(),
  warnBeforeMs: durationMsSchema.optional(),
  remindEvery: durationSchema.optional(),
  remindEveryMs: durationMsSchema.optional(),
  maxReminders: z.int().min(1).max(100).optional(),
  onExpire: z.enum(EXPIRY_OUTCOMES).optional(),
  escalate: z.array(ladderStep).min(1).max(MAX_LADDER_STEPS).optional(),
  escalateThen: z.enum(LADDER_ENDS).optional(),
  stateEditable: z.array(statePattern).min(1).max(MAX_STATE_PATTERNS_OF_RULE).optional(),
  grantable: grantable.optional(),
  batch: z.literal('all_or_nothing').optional(),
  channels: z
    .array(Channel.exclude(['temporal', 'system'], 'No person decides through this channel'))
    .min(1)
    .optional(),
});

const DURATIONS = ['decideWithin', 'executeWithin', 'warnBefore', 'remindEvery'] as const;

const ASK_ONLY = [
  ...['allowedDecisions', 'approvers', 'decideWithin', 'decideWithinMs', 'executeWithin', 'executeWithinMs'],
  ...['warnBefore', 'warnBeforeMs', 'remindEvery', 'remindEveryMs', 'maxReminders'],
  ...['onExpire', 'escalate', 'escalateThen', 'stateEditable', 'grantable', 'batch', 'channels'],
] as readonly (keyof z.output<typeof ruleFields>)[];

/**
 * One rule. Files write durations (`decideWithin: '24h'`), the parsed form has milliseconds (`decideWithinMs`) and parses
 * to itself. Fields that are not enforced are refused, so that nobody relies on one.
 */
export const ruleSchema = ruleFields
  .superRefine((rule, context) => {
    const fault = faultIn(context);
    for (const field of ASK_ONLY) {
      if (rule.effect !== 'ask' && rule[field] !== undefined)
        fault(field, `A rule that says ${rule.effect} has no use for it`);
    }
    onlyOne(rule, DURATIONS, fault);
    const decisions = rule.allowedDecisions;
    if (decisions === undefined) return;
    // So the intersection of any two rules leaves a person something to say.
    if (!decisions.includes('reject')) fault('allowedDecisions', 'A person can always reject: include "reject"');
    if (decisions.every((decision) => decision === 'reject')) {
      fault('allowedDecisions', 'Nothing but rejecting is left: use effect "deny"');
    }
  })
  .transform((given) => {
    const { decideWithin, executeWithin, warnBefore, remindEvery, ...rest } = given;
    const { decideWithinMs = decideWithin, executeWithinMs = executeWithin, ...others } = rest;
    const { warnBeforeMs = warnBefore, remindEveryMs = remindEvery, ...rule } = others;
    return {
      ...rule,
      ...(decideWithinMs !== undefined && { decideWithinMs }),
      ...(executeWithinMs !== undefined && { executeWithinMs }),
      ...(warnBeforeMs !== undefined && { warnBeforeMs }),
      ...(remindEveryMs !== undefined && { remindEveryMs }),
    };
  })
  .superRefine((rule, context) => {
    const fault = faultIn(context);
    for (const { field, message } of clockFaults(rule)) fault(field, message);
  });
export type Rule = z.output<typeof ruleSchema>;
/** A rule as a file or an agent definition writes it. */
export type RuleInput = z.input<typeof ruleSchema>;

const MAX_RULES = 1_000;

export const policyLayerSchema = z
  .strictObject({
    name: z.enum(POLICY_LAYER_NAMES),
    mode: z.enum(LAYER_MODES).optional(),
    rules: z.array(ruleSchema).max(MAX_RULES),
  })
  .superRefine(({ name, mode, rules }, context) => {
    if (name === 'deployment') return;
    const fault = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    if (mode === 'off') fault(['mode'], 'Only the deployment switches a layer of its own off');
    for (const [index, rule] of rules.entries()) {
      if (rule.overridable === true)
        fault(['rules', index, 'overridable'], 'Only a rule of the deployment can be overridable');
      if (rule.onExpire === 'allow')
        fault(['rules', index, 'onExpire'], 'Only a rule of the deployment lets silence allow a call');
    }
  })
  // Enforcing is what a layer does that says nothing: both are the same policy, so they have one digest.
  .transform(({ name, mode, rules }) => ({ name, ...(mode !== undefined && mode !== 'enforce' && { mode }), rules }));
export type PolicyLayer = z.output<typeof policyLayerSchema>;
export type PolicyLayerInput = z.input<typeof policyLayerSchema>;
