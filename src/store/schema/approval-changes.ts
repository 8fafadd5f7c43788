import { bigint, customType, index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { epochMs } from './columns.ts';

const transactionId = customType<{ data: string }>({ dataType: () => 'xid8' });

/**
 * What has happened to approvals and claims, for readers of the approvals' stream: written by triggers in the transaction
 * that changes the row. Unlogged and kept for a week: whoever comes back to a gap gets a snapshot.
 */
export const approvalChanges = pgTable(
  'approval_changes',
  {
    changeId: bigint('change_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** The transaction that made it: which changes a reader has is told by its snapshot, whatever the order of commits. */
    xid: transactionId().notNull(),
    tenant: text().notNull(),
    project: text().notNull(),
    approvalId: text('approval_id').notNull(),
    type: text().notNull(),
    revision: integer().notNull(),
    /** The run's last event as of the change. */
    seq: bigint({ mode: 'number' }).notNull(),
    /** When it was written, by the clock of PostgreSQL: for people, and to tell what is old. */
    at: epochMs('at').notNull(),
  },
  (change) => [index('approval_changes_of_project').on(change.tenant, change.project, change.xid)],
);

/**
 * Names what the changes in this place have come to, so that a reader's place in them is known as such. Unlogged: after
 * a crash, a failover or a restore it is another, as the changes are gone.
 */
export const approvalFeeds = pgTable('approval_feeds', {
  /** The cluster and database: a dump that is restored elsewhere is another place. */
  place: text().primaryKey(),
  generation: text().notNull(),
});
