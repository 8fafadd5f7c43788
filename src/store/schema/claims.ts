import { index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { epochMs } from './columns.ts';

/** Who is looking at an approval. A claim past its end is none, whether or not its row is still there. */
export const claims = pgTable(
  'claims',
  {
    tenant: text().notNull(),
    project: text().notNull(),
    approvalId: text('approval_id').notNull(),
    runId: text('run_id').notNull(),
    principal: text().notNull(),
    until: epochMs('until').notNull(),
    claimedAt: epochMs('claimed_at').notNull(),
  },
  (claim) => [
    primaryKey({ columns: [claim.tenant, claim.project, claim.approvalId] }),
    index('claims_of_run').on(claim.runId),
  ],
);
