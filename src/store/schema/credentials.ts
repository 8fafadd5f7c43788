import { pgTable, text } from 'drizzle-orm/pg-core';
import type { Role } from '../../domain/schemas/actor.ts';
import { epochMs } from './columns.ts';

/** API keys: only a hash of the secret is kept. */
export const credentials = pgTable('credentials', {
  id: text().primaryKey(),
  tenant: text().notNull(),
  projects: text().array().notNull(),
  principal: text().notNull(),
  kind: text().$type<'person' | 'service'>().notNull(),
  roles: text().array().$type<Role[]>().notNull(),
  groups: text().array().notNull(),
  secretHash: text('secret_hash').notNull(),
  createdBy: text('created_by'),
  createdAt: epochMs('created_at').notNull(),
  expiresAt: epochMs('expires_at'),
  revokedAt: epochMs('revoked_at'),
  lastUsedAt: epochMs('last_used_at'),
});
