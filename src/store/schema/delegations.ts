import { index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { epochMs } from './columns.ts';

/** Who stands in for whom, and until when. */
export const delegations = pgTable(
  'delegations',
  {
    tenant: text().notNull(),
    project: text().notNull(),
    delegationId: text('delegation_id').notNull(),
    from: text('from_principal').notNull(),
    to: text('to_principal').notNull(),
    /** Null: all groups of who delegates, as they are when it counts. */
    groups: text().array(),
    until: epochMs('until').notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: epochMs('created_at').notNull(),
    endedAt: epochMs('ended_at'),
    endedBy: text('ended_by'),
  },
  (delegation) => [
    primaryKey({ columns: [delegation.tenant, delegation.project, delegation.delegationId] }),
    index('delegations_to').on(delegation.tenant, delegation.project, delegation.to),
    index('delegations_newest').on(
      delegation.tenant,
      delegation.project,
      delegation.createdAt,
      delegation.delegationId,
    ),
  ],
);
