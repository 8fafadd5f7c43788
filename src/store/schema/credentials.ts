import { sql } from 'drizzle-orm';
import { index, pgTable, text } from 'drizzle-orm/pg-core';
import type { Channel, Role } from '../../domain/schemas/actor.ts';
import { epochMs } from './columns.ts';

/** API keys: only hashes of secrets are kept. */
export const credentials = pgTable(
  'credentials',
  {
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
    label: text(),
    channel: text().$type<Channel>().notNull().default('api'),
    makers: text()
      .array()
      .notNull()
      .default(sql`'{}'`),
    revokedBy: text('revoked_by'),
    rotatedAt: epochMs('rotated_at'),
    rotationId: text('rotation_id'),
    previousHash: text('previous_hash'),
    previousUntil: epochMs('previous_until'),
    requestDigest: text('request_digest'),
  },
  // Read backwards.
  (credential) => [index('credentials_newest').on(credential.tenant, credential.createdAt, credential.id)],
);
