import { z } from 'zod';
import { ApprovalStatus, DecisionKind, GrantScope } from '../domain/schemas/approval.ts';
import { Digest } from '../domain/schemas/names.ts';
import { Approval, ApprovalParams, Claim } from './approvals.ts';
import { DurationText, Json, PrincipalField, Timestamp, spokenText } from './fields.ts';
import { GuardReports } from './guards.ts';
import { Problem } from './problem.ts';

export const REASON_MAX_CHARACTERS = 4_000;
export const RESPONSE_MAX_BYTES = 65_536;
export const STATE_EDITS_MAX = 50;
export const STATE_EDITS_MAX_BYTES = 65_536;
export const BATCH_MAX = 100;

const reason = spokenText(REASON_MAX_CHARACTERS);

/** One value to set in the run's state. */
export const StateEdit = z
  .strictObject({
    path: z
      .string()
      .max(500)
      .meta({ description: 'Segments split by dots; a numeric one is a place in an array', example: 'customer.tier' }),
    value: Json,
  })
  .meta({ id: 'StateEdit' });
export type StateEdit = z.infer<typeof StateEdit>;

/** Pre-approves further calls like this one. Only where the approval is `grantable`, with the decision that closes it. */
export const Remember = z
  .strictObject({
    scope: GrantScope.meta({ description: 'The run, its conversation, or every run of the agent for this requester' }),
    ttl: DurationText.meta({ description: 'How long it holds', example: '8h' }),
    uses: z.number().int().positive().max(10_000).meta({ description: 'How many calls it covers', example: 10 }),
    constraints: z
      .record(z.string().max(500), Json)
      .optional()
      .meta({
        description:
          'By JSON pointer: `{"equals": v}`, `{"oneOf": [v, …]}`, `{"max": n, "min"?: n}` or `{"any": true}` for every ' +
          'argument. Left out: every argument must be equal to the one of this call.',
        example: { '/order': { any: true }, '/amount': { max: 50 } },
      }),
  })
  .meta({ id: 'Remember' });
export type Remember = z.infer<typeof Remember>;

/** What each kind of decision needs beside itself, and what it takes along. */
const FIELDS_OF: Record<DecisionKind, { readonly needs: readonly string[]; readonly takes: readonly string[] }> = {
  approve: { needs: [], takes: ['stateEdits', 'remember'] },
  reject: { needs: [], takes: [] },
  edit: { needs: ['arguments'], takes: ['stateEdits'] },
  respond: { needs: ['response'], takes: ['stateEdits'] },
  request_changes: { needs: ['reason'], takes: [] },
};
const PARTICULAR = ['arguments', 'response', 'stateEdits', 'remember'] as const;

const decisionFields = {
  decision: DecisionKind,
  digest: Digest.optional().meta({
    description: 'The digest of what the person was shown. Required to approve and to edit.',
    example: `sha256:${'0f'.repeat(32)}`,
  }),
  reason: reason.optional().meta({
    description:
      'Kept with the decision. The reason of a rejection reaches the model; `request_changes` needs one: what to change',
    example: 'The ticket is for another customer.',
  }),
  arguments: Json.optional().meta({
    description: '`edit`: the whole arguments as they should be. They pass the schema of the tool and policy again.',
    example: { order: 7, amount: 10 },
  }),
  response: Json.optional().meta({
    description:
      "`respond`: text, or for a question an answer that fits its schema. It takes the place of the tool's result.",
    example: 'Ship it on Monday.',
  }),
  stateEdits: z.array(StateEdit).min(1).max(STATE_EDITS_MAX).optional().meta({
    description: 'Set with the decision if it wins, and only then. Only paths that the approval lists as editable.',
  }),
  remember: Remember.optional(),
  force: z.boolean().optional().meta({ description: 'Operators: decide although somebody else has claimed it' }),
};

interface GivenFields {
  readonly decision: DecisionKind;
  readonly reason?: unknown;
  readonly arguments?: unknown;
  readonly response?: unknown;
  readonly stateEdits?: unknown;
  readonly remember?: unknown;
}

function checkFields(given: GivenFields, context: z.core.$RefinementCtx<GivenFields>): void {
  const { needs, takes } = FIELDS_OF[given.decision];
  const complain = (field: string, message: string) =>
    context.addIssue({ code: 'custom', path: [field], message, input: given });
  for (const field of needs) {
    if (given[field as keyof GivenFields] === undefined) complain(field, `is required to ${given.decision}`);
  }
  for (const field of PARTICULAR) {
    if (given[field] !== undefined && !needs.includes(field) && !takes.includes(field))
      complain(field, `does not go with ${given.decision}`);
  }
}

const digest = `sha256:${'0f'.repeat(32)}`;
const approvalId = 'tool-approval:run_k3v7qdxr2mzw5n4hbt6ycafe2a:call_2_0';

/** One person's answer to one revision of one approval. */
export const DecideApproval = z
  .strictObject(decisionFields)
  .superRefine(checkFields)
  .meta({
    id: 'DecideApproval',
    examples: [
      { decision: 'approve', digest },
      { decision: 'reject', reason: 'The ticket is for another customer.' },
      { decision: 'edit', digest, arguments: { order: 7, amount: 10 } },
      { decision: 'respond', response: 'Ship it on Monday.' },
      { decision: 'request_changes', reason: 'Leave out the shipping costs.' },
    ],
  });
export type DecideApproval = z.infer<typeof DecideApproval>;

const ApprovalIdField = z.string().max(300).meta({ example: 'tool-approval:run_k3v7qdxr2mzw5n4hbt6ycafe2a:call_2_0' });

/** One decision of a batch. */
export const BatchDecision = z
  .strictObject({ approvalId: ApprovalIdField, ...decisionFields })
  .superRefine(checkFields)
  .meta({ id: 'BatchDecision', examples: [{ approvalId, decision: 'approve', digest }] });
export type BatchDecision = z.infer<typeof BatchDecision>;

/**
 * Decisions across runs, in order. An item of the wrong form has an answer of its own: it takes none of the others along.
 */
export const DecideBatch = z
  .array(z.union([BatchDecision, z.looseObject({ approvalId: ApprovalIdField })]))
  .min(1)
  .max(BATCH_MAX)
  .meta({
    id: 'DecideBatch',
    examples: [
      [
        { approvalId, decision: 'approve', digest },
        { approvalId: approvalId.replace('_0', '_1'), decision: 'reject', reason: 'Not this one.' },
      ],
    ],
  });
export type DecideBatch = z.infer<typeof DecideBatch>;

/**
 * `recorded`: it decided the approval. `already_recorded`: the same person had decided the same before. `vote_recorded`:
 * it counts, and others must agree. `revised`: the edit became the next revision, which pends.
 */
export const DecisionOutcome = z.enum(['recorded', 'already_recorded', 'vote_recorded', 'revised']);
export type DecisionOutcome = z.infer<typeof DecisionOutcome>;

/** The decision is durably recorded. */
export const DecisionReceipt = z
  .object({
    decisionId: z.string(),
    outcome: DecisionOutcome.meta({
      description:
        '`recorded`: it decided the approval. `already_recorded`: you had decided the same before. `vote_recorded`: it ' +
        'counts, and others must agree. `revised`: the edit became the next revision, which pends.',
    }),
    grantId: z.string().nullable().meta({ description: 'The grant that `remember` made' }),
    guards: GuardReports,
    approval: Approval,
  })
  .meta({ id: 'DecisionReceipt' });
export type DecisionReceipt = z.infer<typeof DecisionReceipt>;

/** The decision is in the run's mailbox, and no worker answered in time: look at the link. */
export const PendingDecision = z
  .object({
    decisionId: z.string(),
    outcome: z.literal('pending'),
    guards: GuardReports,
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'PendingDecision' });
export type PendingDecision = z.infer<typeof PendingDecision>;

/** What became of one decision of a batch. */
export const BatchItem = z
  .object({
    index: z.number().int().nonnegative().meta({ description: 'Place in the request' }),
    approvalId: z.string().nullable().meta({ description: 'As it was sent; null where that is no id of an approval' }),
    status: z.number().int().meta({ description: 'As if it had been sent alone', example: 200 }),
    code: z.string().nullable().meta({ description: 'The code of the problem; null where there is none' }),
    outcome: z.enum([...DecisionOutcome.options, 'pending']).nullable(),
    decisionId: z.string().nullable(),
    grantId: z.string().nullable(),
    guards: GuardReports,
    approvalStatus: ApprovalStatus.nullable().meta({ description: 'Of the approval after it' }),
    problem: Problem.nullable(),
    links: z.object({ approval: z.string().nullable(), self: z.string().nullable() }),
  })
  .meta({ id: 'BatchItem' });
export type BatchItem = z.infer<typeof BatchItem>;

/** An answer for each decision, in the order of the request. */
export const BatchResult = z.object({ data: z.array(BatchItem) }).meta({ id: 'BatchResult' });
export type BatchResult = z.infer<typeof BatchResult>;

/** The decision that won. */
export const Winner = z
  .object({ decisionId: z.string(), decision: DecisionKind, principal: PrincipalField })
  .meta({ id: 'Winner' });
export type Winner = z.infer<typeof Winner>;

/** What became of a decision. */
export const DecisionView = z
  .object({
    decisionId: z.string(),
    outcome: z.enum(['recorded', 'vote_recorded', 'revised', 'refused', 'pending']),
    code: z.string().nullable().meta({ description: 'Why it was refused' }),
    winner: Winner.nullable(),
    approval: Approval,
  })
  .meta({ id: 'Decision' });
export type DecisionView = z.infer<typeof DecisionView>;

export const DecisionId = z
  .string()
  .regex(/^dec_[a-z2-7]{26}$/)
  .meta({ example: 'dec_k3v7qdxr2mzw5n4hbt6ycafe2a' });
export const DecisionParams = ApprovalParams.extend({ decisionId: DecisionId });

/** Says: I am looking at it. Others' decisions are refused until it ends. */
export const ClaimApproval = z
  .strictObject({
    ttl: DurationText.optional().meta({ description: 'How long: at most 8h; 15m when absent', example: '15m' }),
    force: z.boolean().optional().meta({ description: "Operators: take over another's claim" }),
  })
  .meta({ id: 'ClaimApproval' });
export type ClaimApproval = z.infer<typeof ClaimApproval>;

export const ClaimReceipt = z
  .object({
    outcome: z.enum(['claimed', 'renewed', 'taken_over']),
    claim: Claim,
    approval: Approval,
  })
  .meta({ id: 'ClaimReceipt' });
export type ClaimReceipt = z.infer<typeof ClaimReceipt>;

export const ReleaseClaimQuery = z.strictObject({
  force: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .meta({ description: "Operators: end another's claim" }),
});

export const ReleaseReceipt = z
  .object({ outcome: z.enum(['released', 'not_claimed']), approval: Approval })
  .meta({ id: 'ReleaseReceipt' });
export type ReleaseReceipt = z.infer<typeof ReleaseReceipt>;

/** Gives people more time to decide. */
export const ExtendApproval = z
  .strictObject({
    decideBy: Timestamp.meta({
      description: 'The new deadline: later than the present one, at most 30 days after the request',
    }),
    reason: reason.optional(),
  })
  .meta({
    id: 'ExtendApproval',
    examples: [{ decideBy: '2026-04-01T08:00:00.000Z', reason: 'Grace is back on Monday.' }],
  });
export type ExtendApproval = z.infer<typeof ExtendApproval>;

export const ExtendReceipt = z
  .object({
    outcome: z.enum(['extended', 'already_extended']),
    approval: Approval,
  })
  .meta({ id: 'ExtendReceipt' });
export type ExtendReceipt = z.infer<typeof ExtendReceipt>;

/** The command is in the run's mailbox, and no worker answered in time: load the approval again. */
export const PendingCommand = z
  .object({ commandId: z.string(), outcome: z.literal('pending'), links: z.object({ approval: z.string() }) })
  .meta({ id: 'PendingCommand' });
export type PendingCommand = z.infer<typeof PendingCommand>;
