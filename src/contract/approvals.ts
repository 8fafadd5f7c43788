import { z } from 'zod';
import { ApprovalStatus, ApproverRule, DecisionKind, Risk } from '../domain/schemas/approval.ts';
import { AgentName, ApprovalKey, Digest, RunId, ToolCallId, ToolName } from '../domain/schemas/names.ts';
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
  })
  .meta({ id: 'RecordedDecision' });
export type RecordedDecision = z.infer<typeof RecordedDecision>;

/** What the caller may do about an approval, and if nothing, why. */
export const Viewer = z
  .object({
    canDecide: z.boolean(),
    decisions: z.array(DecisionKind),
    why: z
      .object({ code: z.string(), detail: z.string() })
      .nullable()
      .meta({ description: 'Why the caller cannot decide; null when they can' }),
  })
  .meta({ id: 'Viewer' });
export type Viewer = z.infer<typeof Viewer>;

/** A request for consent to one exact call. */
export const Approval = z
  .object({
    approvalId: z.string().meta({ example: 'tool-approval:run_k3v7qdxr2mzw5n4hbt6ycafe2a:call_2_0' }),
    key: ApprovalKey.meta({ description: 'Names the approval within its run', example: 'call_2_0' }),
    kind: z.enum(['tool', 'question', 'limit', 'external']),
    status: ApprovalStatus,
    runId: RunIdField,
    rootRunId: RunId,
    path: z.array(z.string()).meta({ description: 'Agents from the root run down to the one that asks' }),
    agent: AgentName,
    requester: PrincipalField,
    turn: z.number().int(),
    toolCallId: ToolCallId,
    tool: z.object({
      name: z.string(),
      description: z.string().optional(),
      source: z.string().optional(),
      effect: z.enum(['none', 'idempotent', 'once']).optional(),
    }),
    arguments: Json.optional().meta({
      description: `Exactly what the tool would receive. Lists leave out what is larger than ${LISTED_ARGUMENTS_MAX_BYTES} bytes.`,
    }),
    argumentsBytes: z.number().int().nonnegative(),
    digest: Digest.meta({ description: 'Of the exact call: send it back with the decision' }),
    revision: z.number().int().positive(),
    risk: Risk,
    rule: z.object({ id: z.string(), layer: z.string().nullable(), reason: z.string() }).meta({
      description: 'The policy rule that asks for consent',
    }),
    allowedDecisions: z.array(DecisionKind),
    approverRules: z.array(ApproverRule).meta({ description: 'Who may decide: all of these must be satisfied' }),
    requestedAt: Timestamp,
    decideBy: Timestamp,
    onExpire: z.string().meta({ description: 'What happens when nobody decides in time' }),
    executeBy: Timestamp.nullable().meta({ description: 'An approved call that did not start by then is void' }),
    decision: RecordedDecision.nullable(),
    viewer: Viewer,
    links: z.object({ self: z.string(), decisions: z.string(), run: z.string() }),
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

export const ApprovalParams = z.strictObject({
  runId: RunIdField,
  key: ApprovalKey.meta({ description: "The approval's key within the run", example: 'call_2_0' }),
});
export type ApprovalParams = z.infer<typeof ApprovalParams>;
