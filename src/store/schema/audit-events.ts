import { bigint, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea, epochMs } from './columns.ts';

/** A tenant's own log: what belongs to no run, and where each run's log begins and ends. `body` is what was hashed. */
export const auditEvents = pgTable(
  'audit_events',
  {
    tenant: text().notNull(),
    seq: bigint({ mode: 'number' }).notNull(),
    at: epochMs('at').notNull(),
    type: text().notNull(),
    prevHash: bytea('prev_hash').notNull(),
    hash: bytea().notNull(),
    body: bytea().notNull(),
  },
  (event) => [primaryKey({ columns: [event.tenant, event.seq] })],
);

/** Heads of the tenants' logs: the rows that appends lock. */
export const auditHeads = pgTable('audit_heads', {
  tenant: text().primaryKey(),
  seq: bigint({ mode: 'number' }).notNull(),
  headHash: bytea('head_hash').notNull(),
});
