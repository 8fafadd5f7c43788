import { z } from 'zod';
import { Actor, Channel } from './actor.ts';
import { ApprovalKey, BlobRef, Digest, EpochMs, RunId } from './names.ts';
import { Transfer } from './transfer.ts';

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

export const DecisionKind = z.enum(['approve', 'reject', 'edit', 'respond', 'request_changes']);
export type DecisionKind = z.infer<typeof DecisionKind>;

export const Risk = z.enum(['low', 'medium', 'high', 'critical']);
export type Risk = z.infer<typeof Risk>;

const names = z.array(z.string().min(1).max(200)).min(1).max(100);

export const MAX_VOTES = 20;
const voteCount = z.number().int().min(1).max(MAX_VOTES);

/**
 * Who may decide, and how many of them it takes. Groups and users are alternatives: a person in either qualifies; neither
 * named: every approver.
 */
export const ApproverRule = z.strictObject({
  groups: names.optional(),
  users: names.optional(),
  /** Different people who must approve. */
  approvals: voteCount.default(1),
  /** Different people whose rejection ends it. */
  rejections: voteCount.default(1),
  /** Nobody who put words or values into the run before the request. */
  notRequester: z.boolean().default(false),
  reasonRequired: z.boolean().default(false),
});
export type ApproverRule = z.infer<typeof ApproverRule>;

/** What becomes of an approval that nobody decided in time, from lenient to strict. */
export const ExpiryOutcome = z.enum(['allow', 'escalate', 'deny', 'block', 'fail']);
export type ExpiryOutcome = z.infer<typeof ExpiryOutcome>;

/** One step of a ladder: from then on these rules say who may decide, for so long. */
export const EscalationStep = z.object({
  approverRules: z.array(ApproverRule).min(1),
  decideWithinMs: z.number().int().positive(),
});
export type EscalationStep = z.infer<typeof EscalationStep>;

export const GrantScope = z.enum(['run', 'conversation', 'agent']);
export type GrantScope = z.infer<typeof GrantScope>;

/** How far a decision may be remembered. */
export const Grantable = z.strictObject({
  scopes: z.array(GrantScope).min(1),
  maxTtlMs: z.number().int().positive(),
  maxUses: z.number().int().positive().max(10_000),
});
export type Grantable = z.infer<typeof Grantable>;

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
  onExpire: ExpiryOutcome,
  /** Where `onExpire` is `escalate`: the steps, and what happens after the last of them. */
  escalation: z
    .object({ steps: z.array(EscalationStep).min(1).max(10), then: z.enum(['deny', 'block', 'fail']) })
    .optional(),
  /** `approval.expiring` is told so long before the deadline. */
  warnBeforeMs: z.number().int().positive().optional(),
  reminders: z.object({ everyMs: z.number().int().positive(), max: z.number().int().positive().max(100) }).optional(),
  /** Paths of the run's state that a decision may set. */
  stateEditable: z.array(z.string()).optional(),
  grantable: Grantable.optional(),
  /** All calls of a turn that say so run together or not at all. */
  batch: z.literal('all_or_nothing').optional(),
  /** Ways a decision may come in; absent: any. */
  channels: z.array(Channel).optional(),
  /** What layers in shadow mode would have said, where it differs. */
  shadow: z.object({ effect: z.enum(['allow', 'ask', 'deny']), ruleId: z.string(), layer: z.string() }).optional(),
});
export type Verdict = z.infer<typeof Verdict>;

/** One person's recorded answer; where several are needed, one vote. */
export const Decision = z.object({
  decisionId: z.string(),
  decision: DecisionKind,
  actor: Actor,
  channel: Channel,
  reasonRef: BlobRef.optional(),
  decidedAt: EpochMs,
  /** The answer in place of the tool's result. */
  responseRef: BlobRef.optional(),
  /** What the person made of the arguments. */
  editedArgumentsRef: BlobRef.optional(),
  stateEditsRef: BlobRef.optional(),
});
export type Decision = z.infer<typeof Decision>;

export const ApprovalKind = z.enum(['tool', 'question', 'limit', 'external']);
export type ApprovalKind = z.infer<typeof ApprovalKind>;

/** A request for consent to one exact call. */
export const Approval = z.object({
  approvalId: z.string(),
  key: ApprovalKey,
  kind: ApprovalKind,
  runId: RunId,
  path: z.array(z.string()),
  turn: z.number().int().positive(),
  /** Of a limit: its key. */
  toolCallId: ApprovalKey,
  tool: z.string(),
  argumentsRef: BlobRef,
  /** What policy conditions saw beside the call: an edited call is judged over the same. */
  factsRef: BlobRef.optional(),
  digest: Digest,
  revision: z.number().int().positive(),
  verdict: Verdict,
  status: ApprovalStatus,
  requestedAt: EpochMs,
  decideBy: EpochMs,
  executeBy: EpochMs.optional(),
  /** The decision that closed it. */
  decision: Decision.optional(),
  /** Votes on this revision that have not closed it, in order. */
  votes: z.array(Decision).optional(),
  /** Principals whose words or values are in the run: `notRequester` excludes them beside the requester. */
  contributors: z.array(z.string()).optional(),
  /** How the run came to the agent that asks, where it is not the one that the run was started with. */
  transfers: z.array(Transfer).optional(),
  /** Who made this revision by an edit: no vote of theirs counts where others must agree. */
  editor: z.string().optional(),
  /** How far up the ladder it is; absent: not escalated. */
  escalated: z.number().int().positive().optional(),
  /** Reminders told so far. */
  reminded: z.number().int().positive().optional(),
  warned: z.boolean().optional(),
  /** The approval that this one revises, and the one that revises it, by id: after `request_changes`. */
  supersedes: z.string().optional(),
  supersededBy: z.string().optional(),
  /** The arguments of the revision before this one, for the diff. */
  previousArgumentsRef: BlobRef.optional(),
});
export type Approval = z.infer<typeof Approval>;
