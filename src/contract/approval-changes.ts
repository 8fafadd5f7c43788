/** The live feed of a project's approvals. */
import { z } from 'zod';
import { Approval } from './approvals.ts';
import { Timestamp } from './fields.ts';
import { RunIdField } from './runs.ts';

/** An approval as the feed shows it: what the list shows, without content. */
export const ApprovalState = Approval.pick({
  approvalId: true,
  key: true,
  kind: true,
  status: true,
  runId: true,
  rootRunId: true,
  agent: true,
  requester: true,
  revision: true,
  digest: true,
  supersedes: true,
  supersededBy: true,
  risk: true,
  claim: true,
  requestedAt: true,
  decideBy: true,
  expiring: true,
  reminders: true,
  escalated: true,
})
  .extend({
    tool: z.string(),
    canDecide: z.boolean().meta({ description: 'Whether the caller may decide it now' }),
  })
  .meta({ id: 'ApprovalState' });
export type ApprovalState = z.infer<typeof ApprovalState>;

/** One change. Its `approval` is as it stands when this is sent: take it for the present whatever came before. */
export const ApprovalChange = z
  .object({
    change: z.number().int().positive().meta({ description: 'Unique since the last snapshot; not in order' }),
    type: z.string().meta({ description: 'What happened; more types may be added', example: 'approval.decided' }),
    at: Timestamp,
    revision: z.number().int().positive().meta({ description: 'The revision that it happened to' }),
    run: z.object({
      runId: RunIdField,
      eventSeq: z.number().int().nonnegative().meta({ description: "The root run's last event as of the change" }),
    }),
    approval: ApprovalState,
  })
  .meta({ id: 'ApprovalChange' });
export type ApprovalChange = z.infer<typeof ApprovalChange>;

/** All that is pending, in parts: the first replaces what the reader had, `more` says that another part follows. */
export const ApprovalsSnapshot = z
  .object({ approvals: z.array(ApprovalState), first: z.boolean(), more: z.boolean() })
  .meta({ id: 'ApprovalsSnapshot' });
export type ApprovalsSnapshot = z.infer<typeof ApprovalsSnapshot>;

const PLACE_MAX_CHARACTERS = 8_000;

/** The `id:` that the reader had last. Opaque. */
export const ApprovalsPlace = z
  .string()
  .max(PLACE_MAX_CHARACTERS)
  .meta({ description: 'The `id:` of the last event you have. Opaque: do not build or take apart.' });

export const WatchApprovalsQuery = z.strictObject({
  after: ApprovalsPlace.optional().meta({
    description: 'The `id:` of the last event you have. The header Last-Event-ID wins over it.',
  }),
});
