import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea } from './columns.ts';

/** Content, addressed by the SHA-256 of its salted envelope. */
export const blobs = pgTable(
  'blobs',
  { tenant: text().notNull(), sha256: bytea().notNull(), body: bytea().notNull() },
  (blob) => [primaryKey({ columns: [blob.tenant, blob.sha256] })],
);

/** Agent definitions as runs pin them: immutable, by digest. */
export const definitions = pgTable(
  'definitions',
  { tenant: text().notNull(), project: text().notNull(), digest: text().notNull(), body: bytea().notNull() },
  (definition) => [primaryKey({ columns: [definition.tenant, definition.project, definition.digest] })],
);

/** The definition that new runs of an agent get. */
export const agents = pgTable(
  'agents',
  { tenant: text().notNull(), project: text().notNull(), name: text().notNull(), digest: text().notNull() },
  (agent) => [primaryKey({ columns: [agent.tenant, agent.project, agent.name] })],
);
