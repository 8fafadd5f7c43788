import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { ToolEffect } from '../../domain/schemas/agent.ts';
import { bytea, epochMs } from './columns.ts';

/** The effect ledger: a row is written before a tool runs, and never removed. */
export const effects = pgTable(
  'effects',
  {
    tenant: text().notNull(),
    effectKey: text('effect_key').notNull(),
    runId: text('run_id').notNull(),
    digest: text().notNull(),
    effect: text().$type<ToolEffect>().notNull(),
    /** Grows when a person orders another try of an unknown outcome. */
    epoch: integer().notNull(),
    /** The attempt that may settle this row. */
    nonce: text().notNull(),
    reservedAt: epochMs('reserved_at').notNull(),
    settledAt: epochMs('settled_at'),
    outcome: text().$type<'completed' | 'failed'>(),
    /** What the tool returned, or said when it failed. */
    contentSha256: bytea('content_sha256'),
    contentBytes: integer('content_bytes'),
    failureCode: text('failure_code'),
    /** When another attempt found it reserved and unsettled, and gave up on it. */
    unknownAt: epochMs('unknown_at'),
    /** The operator who said how it ended, where it did not say so itself. */
    resolvedBy: text('resolved_by'),
    /** The grant that it took a use of, and which use that was. */
    grantId: text('grant_id'),
    grantUse: integer('grant_use'),
  },
  (effect) => [primaryKey({ columns: [effect.tenant, effect.effectKey] })],
);

/**
 * Dispatches that the gate has said no to, or given up on. An attempt that was frozen before it reserved finds itself
 * here when it wakes, and reserves nothing.
 */
export const refusedDispatches = pgTable(
  'refused_dispatches',
  {
    tenant: text().notNull(),
    effectKey: text('effect_key').notNull(),
    /** Names one dispatch of the call, with all its attempts. */
    dispatch: text().notNull(),
    refusedAt: epochMs('refused_at').notNull(),
  },
  (refused) => [primaryKey({ columns: [refused.tenant, refused.effectKey, refused.dispatch] })],
);
