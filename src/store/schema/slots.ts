import { bigint, index, pgTable, text } from 'drizzle-orm/pg-core';
import { epochMs } from './columns.ts';

/**
 * Trees of runs that hold or wait for a slot of their requester's, where a deployment limits how many may be active. A row
 * goes with the status in whose transaction the tree stops running, so that none can be left behind.
 */
export const slots = pgTable(
  'slots',
  {
    rootRunId: text('root_run_id').primaryKey(),
    tenant: text().notNull(),
    requester: text().notNull(),
    /** The order in which they asked: the oldest hold the slots. */
    ticket: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    askedAt: epochMs('asked_at').notNull(),
    /** Null while it waits. */
    admittedAt: epochMs('admitted_at'),
  },
  (slot) => [index('slots_in_order').on(slot.tenant, slot.requester, slot.ticket)],
);
