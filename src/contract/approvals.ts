import { z } from 'zod';
import { Channel } from '../domain/schemas/actor.ts';
import {
  ApprovalKind,
  ApprovalStatus,
  ApproverRule,
  DecisionKind,
  GrantScope,
  Risk,
} from '../domain/schemas/approval.ts';
import { AgentName, ApprovalKey, Digest, RunId, ToolName } from '../domain/schemas/names.ts';
import { Json, PrincipalField, Timestamp } from './fields.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { RunIdField } from './runs.ts';

/** Lists leave out arguments that are larger than this; the approval itself always has them whole. */
export const LISTED_ARGUMENTS_MAX_BYTES = 16_384;

/** Who decided, what, and why. */
export const RecordedDecision = z
  .object({
    decisionId: z.string(),
    decision: DecisionKind,
    principal: PrincipalField,
    channel: z.string(),
    decidedAt: Timestamp,
    reason: z.string().nullable(),
    edited: z.boolean().meta({ description: 'The person changed the arguments' }),
    response: Json.optional().meta({ description: "What the person answered in place of the tool's result" }),
    stateEdits: z.array(z.object({ path: z.string(), value: Json })).optional(),
  })
  .meta({ id: 'RecordedDecision' });
export type RecordedDecision = z.infer<typeof RecordedDecision>;

/** Somebody is looking at it. */
export const Claim = z.object({ by: PrincipalField, until: Timestamp, since: Timestamp }).meta({ id: 'Claim' });
export type Claim = z.infer<typeof Claim>;

/** How far one approver rule is satisfied. */
export const RuleProgress = z
  .object({
    approved: z.number().int().nonnegative(),
    approvals: z.number().int().positive(),
    rejected: z.number().int().nonnegative(),
    rejections: z.number().int().positive(),
    text: z.string().meta({ description: 'For people', example: '1 of 2' }),
  })
  .meta({ id: 'RuleProgress' });
export type RuleProgress = z.infer<typeof RuleProgress>;

/** What the agent wants to know. */
export const Question = z
  .object({
    question: z.string(),
    options: z.array(z.string()).optional().meta({ description: 'The answers to choose from' }),
    schema: z.record(z.string(), z.unknown()).optional().meta({ description: 'JSON Schema of the answer' }),
  })
  .meta({ id: 'Question' });
export type Question = z.infer<typeof Question>;

/** What the caller may do about an approval, and if nothing, why. */
export const Viewer = z
  .object({
    canDecide: z.boolean(),
    decisions: z.array(DecisionKind),
    why: z
      .object({ code: z.string(), detail: z.string() })
      .nullable()
      .meta({ description: 'Why the caller cannot decide; null when they can' }),
    vote: DecisionKind.nullable().meta({ description: 'What the caller has voted on this revision' }),
    canClaim: z.boolean(),
    canExtend: z.boolean(),
  })
  .meta({ id: 'Viewer' });
export type Viewer = z.infer<typeof Viewer>;

/** A request for consent to one exact call. */
export const Approval = z
  .object({
    approvalId: z.string().meta({ example: 'tool-approval:run_k3v7qdxr2mzw5n4hbt6ycafe2a:call_2_0' }),
    key: ApprovalKey.meta({ description: 'Names the approval within its run', example: 'call_2_0' }),
    kind: ApprovalKind,
    status: ApprovalStatus,
    runId: RunIdField,
    rootRunId: RunId,
    path: z.array(z.string()).meta({ description: 'Agents from the root run down to the one that asks' }),
    agent: AgentName,
    requester: PrincipalField,
    turn: z.number().int(),
    toolCallId: ApprovalKey.meta({ description: 'The call; of kind `limit`: its key' }),
    tool: z.object({
      name: z.string(),
      description: z.string().optional(),
      source: z.string().optional(),
      effect: z.enum(['none', 'idempotent', 'once']).optional(),
      credential: z.string().optional().meta({ description: 'Name of the secret that the tool uses, if any' }),
      inputSchema: z
        .record(z.string(), z.unknown())
        .optional()
        .meta({ description: 'JSON Schema that edited arguments must fit' }),
    }),
    question: Question.nullable().meta({ description: 'Of kind `question`: what is asked; answer with `respond`' }),
    arguments: Json.optional().meta({
      description: `Exactly what the tool would receive. Lists leave out what is larger than ${LISTED_ARGUMENTS_MAX_BYTES} bytes.`,
    }),
    argumentsBytes: z.number().int().nonnegative(),
    previousArguments: Json.optional().meta({
      description: 'Of the revision before this one, for comparison. Lists leave it out.',
    }),
    digest: Digest.meta({ description: 'Of the exact call: send it back with the decision' }),
    revision: z.number().int().positive(),
    editor: PrincipalField.nullable().meta({ description: 'Who made this revision by an edit' }),
    supersedes: z.string().nullable().meta({ description: 'Id of the approval that this one revises' }),
    supersededBy: z.string().nullable().meta({ description: 'Id of the approval that revises this one' }),
    contributors: z.array(PrincipalField).meta({
      description: 'People whose words or values are in the run beside the requester: `notRequester` excludes them too',
    }),
    risk: Risk,
    rule: z.object({ id: z.string(), layer: z.string().nullable(), reason: z.string() }).meta({
      description: 'The policy rule that asks for consent',
    }),
    allowedDecisions: z.array(DecisionKind),
    approverRules: z.array(ApproverRule).meta({ description: 'Who may decide now: all of these must be satisfied' }),
    votes: z
      .array(RecordedDecision)
      .meta({ description: 'On this revision, in order, as long as they have not closed it' }),
    progress: z.array(RuleProgress).meta({ description: 'Of each of `approverRules`, in order' }),
    channels: z.array(Channel).nullable().meta({ description: 'Ways a decision may come in; null: any' }),
    stateEditable: z.array(z.string()).meta({ description: "Paths of the run's state that a decision may set" }),
    grantable: z
      .object({
        scopes: z.array(GrantScope),
        maxTtlMs: z.number().int().positive(),
        maxUses: z.number().int().positive(),
      })
      .nullable()
      .meta({ description: 'How far a decision may be remembered; null: not at all' }),
    batch: z.literal('all_or_nothing').nullable().meta({
      description: 'The calls of this turn that say so run together or not at all',
    }),
    claim: Claim.nullable(),
    requestedAt: Timestamp,
    decideBy: Timestamp,
    expiring: z.boolean().meta({ description: 'The deadline is near' }),
    reminders: z.number().int().nonnegative().meta({ description: 'Reminders told so far' }),
    escalated: z.number().int().positive().nullable().meta({ description: 'The step of the ladder it has reached' }),
    onExpire: z.string().meta({ description: 'What happens when nobody decides in time' }),
    executeBy: Timestamp.nullable().meta({ description: 'An approved call that did not start by then is void' }),
    decision: RecordedDecision.nullable(),
    viewer: Viewer,
    links: z.object({
      self: z.string(),
      decisions: z.string(),
      claim: z.string(),
      extend: z.string(),
      run: z.string(),
    }),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;

export const ApprovalPage = pageOf(Approval).meta({ id: 'ApprovalPage' });

const filters = {
  status: ApprovalStatus.optional(),
  tool: ToolName.optional(),
  agent: AgentName.optional(),
  risk: Risk.optional(),
};

export const ApprovalOrder = z.enum(['deadline', 'age']);
export type ApprovalOrder = z.infer<typeof ApprovalOrder>;

export const ListApprovalsQuery = z.strictObject({
  ...filters,
  order: ApprovalOrder.optional().meta({ description: 'Nearest deadline first (default), or oldest request first' }),
  ...pageQuery,
});
export type ListApprovalsQuery = z.infer<typeof ListApprovalsQuery>;

export const ListRunApprovalsQuery = z.strictObject({ status: ApprovalStatus.optional(), ...pageQuery });

/** Of an approval within its run, or the whole id of one of a run below it. */
const ApprovalKeyOrId = z.union([
  ApprovalKey,
  z.string().regex(/^tool-approval:run_[a-z2-7]{26}(\.[a-z2-7]{16})?:(call_\d{1,6}_\d{1,4}|limit_\d{1,4})$/),
]);

export const ApprovalParams = z.strictObject({
  runId: RunIdField,
  key: ApprovalKeyOrId.meta({
    description: "The approval's key within the run; at a root run also the whole id of one of its sub-runs' approvals",
    example: 'call_2_0',
  }),
});
export type ApprovalParams = z.infer<typeof ApprovalParams>;
