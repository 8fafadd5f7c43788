import { sql } from 'drizzle-orm';
import { boolean, index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import type { ApprovalStatus } from '../../domain/schemas/approval.ts';
import { epochMs } from './columns.ts';

/** The inbox's read model: a projection of events, written only by `append_events`. */
export const approvals = pgTable(
  'approvals',
  {
    approvalId: text('approval_id').primaryKey(),
    tenant: text().notNull(),
    project: text().notNull(),
    rootRunId: text('root_run_id').notNull(),
    runId: text('run_id').notNull(),
    agent: text().notNull(),
    requester: text().notNull(),
    tool: text().notNull(),
    risk: text().notNull(),
    digest: text().notNull(),
    revision: integer().notNull(),
    status: text().$type<ApprovalStatus>().notNull(),
    requestedAt: epochMs('requested_at').notNull(),
    decideBy: epochMs('decide_by').notNull(),
    executeBy: epochMs('execute_by'),
    decidedAt: epochMs('decided_at'),
    /** The approval as it was requested, canonical JSON. What changed since is in the other columns. */
    request: text().notNull(),
    /** The decision that stands, canonical JSON. */
    decision: text(),
    /** Votes on this revision that have not closed it, a JSON array in the order of their events. */
    votes: text(),
    /** What an edit made of the call, as JSON: arguments, digest and verdict. */
    edited: text(),
    supersededBy: text('superseded_by'),
    escalated: integer(),
    reminded: integer(),
    warned: boolean(),
  },
  (approval) => [
    index('approvals_run').on(approval.rootRunId),
    index('approvals_pending_by_deadline')
      .on(approval.tenant, approval.project, approval.decideBy, approval.approvalId)
      .where(sql`${approval.status} = 'pending'`),
    index('approvals_pending_by_age')
      .on(approval.tenant, approval.project, approval.requestedAt, approval.approvalId)
      .where(sql`${approval.status} = 'pending'`),
    index('approvals_by_deadline').on(approval.tenant, approval.project, approval.decideBy, approval.approvalId),
    index('approvals_by_age').on(approval.tenant, approval.project, approval.requestedAt, approval.approvalId),
  ],
);
