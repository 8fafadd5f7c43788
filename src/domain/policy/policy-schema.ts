import { z } from 'zod';
import { ApproverRule, DecisionKind, Risk } from '../schemas/approval.ts';
import { durationMsSchema, durationSchema } from './duration.ts';

/** From the widest to the narrowest. A layer can only tighten what another says. */
export const POLICY_LAYER_NAMES = ['deployment', 'project', 'agent', 'tool'] as const;
export type PolicyLayerName = (typeof POLICY_LAYER_NAMES)[number];

/** From the most to the least permissive. */
export const EFFECTS = ['allow', 'ask', 'deny'] as const;
export type Effect = (typeof EFFECTS)[number];

/** From the least to the most serious. */
export const RISKS = Risk.options;

export const DECISIONS = DecisionKind.options;

/** What becomes of an approval nobody decided in time; only `deny` is supported so far. */
export const EXPIRY_OUTCOMES = ['deny'] as const;
export type ExpiryOutcome = (typeof EXPIRY_OUTCOMES)[number];

const MAX_GLOB_LENGTH = 256;
/** Of a CEL expression, in UTF-16 units. */
export const MAX_EXPRESSION_LENGTH = 4096;

const ruleFields = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'An id is lower-case letters, digits, dots, dashes and underscores')
    .refine((id) => id !== 'default', 'The id "default" stands for the case that no rule matched'),
  match: z.string().min(1).max(MAX_GLOB_LENGTH),
  when: z.string().min(1).max(MAX_EXPRESSION_LENGTH).optional(),
  effect: z.enum(EFFECTS),
  reason: z.string().trim().min(1).max(500).optional(),
  risk: z.enum(RISKS).optional(),
  allowedDecisions: z.array(z.enum(DECISIONS)).optional(),
  approvers: ApproverRule.optional(),
  decideWithin: durationSchema.optional(),
  decideWithinMs: durationMsSchema.optional(),
  executeWithin: durationSchema.optional(),
  executeWithinMs: durationMsSchema.optional(),
  onExpire: z.enum(EXPIRY_OUTCOMES, 'Only "deny" is supported').optional(),
});

const ASK_ONLY = [
  'allowedDecisions',
  'approvers',
  'decideWithin',
  'decideWithinMs',
  'executeWithin',
  'executeWithinMs',
  'onExpire',
] as const;

/**
 * One rule. Files write durations (`decideWithin: '24h'`), the parsed form has milliseconds (`decideWithinMs`) and parses
 * to itself. Fields that are not enforced are refused, so that nobody relies on one.
 */
export const ruleSchema = ruleFields
  .superRefine((rule, context) => {
    const fault = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    for (const field of ASK_ONLY) {
      if (rule.effect !== 'ask' && rule[field] !== undefined)
        fault(field, `A rule that says ${rule.effect} has no use for it`);
    }
    for (const field of ['decideWithin', 'executeWithin'] as const) {
      if (rule[field] !== undefined && rule[`${field}Ms`] !== undefined) fault(field, 'Given twice');
    }
    const decisions = rule.allowedDecisions;
    if (decisions === undefined) return;
    // So the intersection of any two rules leaves a person something to say.
    if (!decisions.includes('reject')) fault('allowedDecisions', 'A person can always reject: include "reject"');
    if (decisions.every((decision) => decision === 'reject')) {
      fault('allowedDecisions', 'Nothing but rejecting is left: use effect "deny"');
    }
  })
  .transform(
    ({ decideWithin, executeWithin, decideWithinMs = decideWithin, executeWithinMs = executeWithin, ...rule }) => ({
      ...rule,
      ...(decideWithinMs !== undefined && { decideWithinMs }),
      ...(executeWithinMs !== undefined && { executeWithinMs }),
    }),
  );
export type Rule = z.infer<typeof ruleSchema>;
/** A rule as a file or an agent definition writes it. */
export type RuleInput = z.input<typeof ruleSchema>;

export const policyLayerSchema = z.strictObject({
  name: z.enum(POLICY_LAYER_NAMES),
  rules: z.array(ruleSchema).max(1000),
});
export type PolicyLayer = z.infer<typeof policyLayerSchema>;
export type PolicyLayerInput = z.input<typeof policyLayerSchema>;
