import { z } from 'zod';
import { Actor, Channel } from './actor.ts';
import { ApprovalKey, BlobRef, Digest, EpochMs, RunId, ToolCallId } from './names.ts';

export const ApprovalStatus = z.enum([
  'pending',
  'approved',
  'rejected',
  'answered',
  'expired',
  'withdrawn',
  'superseded',
]);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

export const DecisionKind = z.enum(['approve', 'reject']);
export type DecisionKind = z.infer<typeof DecisionKind>;

export const Risk = z.enum(['low', 'medium', 'high', 'critical']);
export type Risk = z.infer<typeof Risk>;

const names = z.array(z.string().min(1).max(200)).min(1).max(100);

/** Who may decide. Groups and users are alternatives: a person in either qualifies; neither named: every approver. */
export const ApproverRule = z.strictObject({
  groups: names.optional(),
  users: names.optional(),
  approvals: z.literal(1).default(1),
  rejections: z.literal(1).default(1),
  notRequester: z.boolean().default(false),
  reasonRequired: z.boolean().default(false),
});
export type ApproverRule = z.infer<typeof ApproverRule>;

/** What policy said of one call, recorded once and never evaluated again on replay. Plain JSON. */
export const Verdict = z.object({
  effect: z.enum(['allow', 'ask', 'deny']),
  /** The rule that decided the effect, `default` where none matched. */
  ruleId: z.string(),
  /** Null where no rule matched. */
  layer: z.string().nullable(),
  reason: z.string(),
  risk: Risk,
  allowedDecisions: z.array(DecisionKind),
  /** All of them must be satisfied. */
  approverRules: z.array(ApproverRule),
  decideWithinMs: z.number().int().positive(),
  executeWithinMs: z.number().int().positive(),
  onExpire: z.literal('deny'),
});
export type Verdict = z.infer<typeof Verdict>;

/** One person's recorded answer. */
export const Decision = z.object({
  decisionId: z.string(),
  decision: DecisionKind,
  actor: Actor,
  channel: Channel,
  reasonRef: BlobRef.optional(),
  decidedAt: EpochMs,
});
export type Decision = z.infer<typeof Decision>;

/** A request for consent to one exact call. */
export const Approval = z.object({
  approvalId: z.string(),
  key: ApprovalKey,
  kind: z.enum(['tool', 'question', 'limit', 'external']),
  runId: RunId,
  path: z.array(z.string()),
  turn: z.number().int().positive(),
  toolCallId: ToolCallId,
  tool: z.string(),
  argumentsRef: BlobRef,
  digest: Digest,
  revision: z.number().int().positive(),
  verdict: Verdict,
  status: ApprovalStatus,
  requestedAt: EpochMs,
  decideBy: EpochMs,
  executeBy: EpochMs.optional(),
  decision: Decision.optional(),
});
export type Approval = z.infer<typeof Approval>;
