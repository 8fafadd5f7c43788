import { sql } from 'drizzle-orm';
import { index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { GrantScope } from '../../domain/schemas/approval.ts';
import { bytea, epochMs } from './columns.ts';

/** Pre-approvals of calls. One that came with a decision lives once that decision has won. */
export const grants = pgTable(
  'grants',
  {
    tenant: text().notNull(),
    project: text().notNull(),
    grantId: text('grant_id').notNull(),
    state: text().$type<'proposed' | 'live' | 'revoked'>().notNull(),
    scope: text().$type<GrantScope>().notNull(),
    scopeId: text('scope_id'),
    agent: text().notNull(),
    agentDigest: text('agent_digest').notNull(),
    policyDigest: text('policy_digest').notNull(),
    requester: text().notNull(),
    tool: text().notNull(),
    definitionDigest: text('definition_digest').notNull(),
    constraintsSha256: bytea('constraints_sha256').notNull(),
    constraintsBytes: integer('constraints_bytes').notNull(),
    expiresAt: epochMs('expires_at').notNull(),
    maxUses: integer('max_uses').notNull(),
    /** Only `reserve_effect` counts. */
    uses: integer().notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: epochMs('created_at').notNull(),
    decisionId: text('decision_id'),
    runId: text('run_id'),
    revokedAt: epochMs('revoked_at'),
    revokedBy: text('revoked_by'),
    bytes: text().notNull(),
    jws: text().notNull(),
  },
  (grant) => [
    primaryKey({ columns: [grant.tenant, grant.project, grant.grantId] }),
    index('grants_newest').on(grant.tenant, grant.project, grant.createdAt, grant.grantId),
    index('grants_live')
      .on(grant.tenant, grant.project, grant.requester, grant.agentDigest)
      .where(sql`${grant.state} = 'live'`),
  ],
);
