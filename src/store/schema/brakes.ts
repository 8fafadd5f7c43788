import { sql } from 'drizzle-orm';
import { index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { epochMs } from './columns.ts';

/** Kill switches. A null names everything. */
export const brakes = pgTable(
  'brakes',
  {
    tenant: text().notNull(),
    brakeId: text('brake_id').notNull(),
    project: text(),
    agent: text(),
    tool: text(),
    reason: text().notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: epochMs('created_at').notNull(),
    releasedAt: epochMs('released_at'),
    releasedBy: text('released_by'),
  },
  (brake) => [
    primaryKey({ columns: [brake.tenant, brake.brakeId] }),
    // Every dispatch looks here.
    index('brakes_on')
      .on(brake.tenant)
      .where(sql`${brake.releasedAt} is null`),
  ],
);

/** Calls that a brake lets through for a time. */
export const brakeBypasses = pgTable(
  'brake_bypasses',
  {
    tenant: text().notNull(),
    bypassId: text('bypass_id').notNull(),
    brakeId: text('brake_id').notNull(),
    project: text(),
    agent: text(),
    tool: text(),
    runId: text('run_id'),
    until: epochMs('until').notNull(),
    reason: text().notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: epochMs('created_at').notNull(),
    endedAt: epochMs('ended_at'),
    endedBy: text('ended_by'),
  },
  (bypass) => [
    primaryKey({ columns: [bypass.tenant, bypass.bypassId] }),
    index('brake_bypasses_of_brake').on(bypass.tenant, bypass.brakeId),
  ],
);
