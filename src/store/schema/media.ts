import { index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea, epochMs } from './columns.ts';

/** Images, sounds and files that tools have kept beside their results: which run each belongs to. */
export const media = pgTable(
  'media',
  {
    tenant: text().notNull(),
    /** Of the blob with `{mimeType, base64}`. */
    sha256: bytea().notNull(),
    project: text().notNull(),
    runId: text('run_id').notNull(),
    toolCallId: text('tool_call_id').notNull(),
    /** One of a few that are known to be harmless to hand out. */
    mediaType: text('media_type').notNull(),
    /** Of the content itself. */
    sizeBytes: integer('size_bytes').notNull(),
    createdAt: epochMs('created_at').notNull(),
  },
  (one) => [
    primaryKey({ columns: [one.tenant, one.sha256] }),
    index('media_of_run').on(one.tenant, one.project, one.runId, one.createdAt),
  ],
);
