import { sql } from 'drizzle-orm';
import { index, pgTable, text } from 'drizzle-orm/pg-core';
import type { Role } from '../../domain/schemas/actor.ts';
import { epochMs } from './columns.ts';

/** People who have signed in with a browser: only hashes of the secrets in their cookies are kept. */
export const sessions = pgTable(
  'sessions',
  {
    id: text().primaryKey(),
    secretHash: text('secret_hash').notNull(),
    tenant: text().notNull(),
    projects: text().array().notNull(),
    principal: text().notNull(),
    roles: text().array().$type<Role[]>().notNull(),
    groups: text().array().notNull(),
    /** The key or token that it was begun with. */
    credentialId: text('credential_id').notNull(),
    createdBy: text('created_by'),
    makers: text().array().notNull(),
    createdAt: epochMs('created_at').notNull(),
    lastUsedAt: epochMs('last_used_at').notNull(),
    expiresAt: epochMs('expires_at').notNull(),
    endedAt: epochMs('ended_at'),
  },
  (session) => [
    index('sessions_of_credential')
      .on(session.credentialId)
      .where(sql`${session.endedAt} is null`),
  ],
);
