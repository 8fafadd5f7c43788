import { z } from 'zod';
import { DecisionKind } from '../domain/schemas/approval.ts';
import { Digest } from '../domain/schemas/names.ts';
import { Approval, ApprovalParams } from './approvals.ts';
import { PrincipalField, spokenText } from './fields.ts';

export const REASON_MAX_CHARACTERS = 4_000;

/** One person's answer to one revision of one approval. */
export const DecideApproval = z
  .strictObject({
    decision: DecisionKind,
    digest: Digest.optional().meta({
      description: 'The digest of what the person was shown. Required to approve.',
      example: `sha256:${'0f'.repeat(32)}`,
    }),
    reason: spokenText(REASON_MAX_CHARACTERS).optional().meta({
      description: 'Kept with the decision; the reason of a rejection reaches the model',
      example: 'The ticket is for another customer.',
    }),
  })
  .meta({ id: 'DecideApproval' });
export type DecideApproval = z.infer<typeof DecideApproval>;

/** The decision is durably recorded. */
export const DecisionReceipt = z
  .object({
    decisionId: z.string(),
    outcome: z.enum(['recorded', 'already_recorded']),
    approval: Approval,
  })
  .meta({ id: 'DecisionReceipt' });
export type DecisionReceipt = z.infer<typeof DecisionReceipt>;

/** The decision is in the run's mailbox, and no worker answered in time: look at the link. */
export const PendingDecision = z
  .object({
    decisionId: z.string(),
    outcome: z.literal('pending'),
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'PendingDecision' });
export type PendingDecision = z.infer<typeof PendingDecision>;

/** The decision that won. */
export const Winner = z
  .object({ decisionId: z.string(), decision: DecisionKind, principal: PrincipalField })
  .meta({ id: 'Winner' });
export type Winner = z.infer<typeof Winner>;

/** What became of a decision. */
export const DecisionView = z
  .object({
    decisionId: z.string(),
    outcome: z.enum(['recorded', 'refused', 'pending']),
    code: z.string().nullable().meta({ description: 'Why it was refused' }),
    winner: Winner.nullable(),
    approval: Approval,
  })
  .meta({ id: 'Decision' });
export type DecisionView = z.infer<typeof DecisionView>;

export const DecisionId = z.string().regex(/^dec_[a-z2-7]{26}$/);
export const DecisionParams = ApprovalParams.extend({ decisionId: DecisionId });
