import { sql } from 'drizzle-orm';
import { bigint, index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { bytea, epochMs } from './columns.ts';

/** The run event log: `body` is what was hashed, the columns beside it are extracts for finding it. */
export const runEvents = pgTable(
  'run_events',
  {
    rootRunId: text('root_run_id').notNull(),
    seq: bigint({ mode: 'number' }).notNull(),
    at: epochMs('at').notNull(),
    ordinal: integer().notNull(),
    /** The turn that a `message.completed` closes. */
    turn: integer(),
    runId: text('run_id').notNull(),
    origin: text().notNull(),
    type: text().notNull(),
    /**
     * The workflow task that told it: when its execution began, and how long the history was. A task that was lost and
     * wakes again is told from its successor by it.
     */
    taskStartedAt: epochMs('task_started_at'),
    taskLength: integer('task_length'),
    prevHash: bytea('prev_hash').notNull(),
    hash: bytea().notNull(),
    body: bytea().notNull(),
  },
  (event) => [
    primaryKey({ columns: [event.rootRunId, event.seq] }),
    // Idempotency of appends, and the highest ordinal of an origin without counting.
    uniqueIndex('run_events_origin').on(event.runId, event.origin, event.ordinal),
    index('run_events_transcript')
      .on(event.runId, event.seq)
      .where(
        sql`${event.type} in ('run.started', 'run.unblocked', 'message.received', 'message.completed', 'approval.decided', 'approval.superseded', 'tool.completed', 'tool.failed', 'tool.denied', 'contract.unmet', 'context.compacted', 'output.invalid', 'run.transferred')`,
      ),
    index('run_events_usage')
      .on(event.rootRunId)
      .where(sql`${event.type} = 'usage.recorded'`),
  ],
);

/**
 * Where the workflow's own numbers stand in the log, from the first on which a lost task and its successor told different
 * things. Most runs have none: a number stands where the event of origin `workflow` with that ordinal does.
 */
export const retoldEvents = pgTable(
  'retold_events',
  {
    runId: text('run_id').notNull(),
    ordinal: integer().notNull(),
    seq: bigint({ mode: 'number' }).notNull(),
  },
  (retold) => [primaryKey({ columns: [retold.runId, retold.ordinal] })],
);

/** Text of open messages. Unlogged: a crash of PostgreSQL empties it, and the completed message is an event. */
export const messageDeltas = pgTable(
  'message_deltas',
  {
    runId: text('run_id').notNull(),
    turn: integer().notNull(),
    attempt: integer().notNull(),
    /** `text` or `reasoning`: each has offsets of its own. */
    part: text().notNull().default('text'),
    /** UTF-16 code units of the message before this piece. */
    offset: integer('offset_chars').notNull(),
    at: epochMs('at').notNull(),
    text: text().notNull(),
  },
  (delta) => [primaryKey({ columns: [delta.runId, delta.turn, delta.attempt, delta.part, delta.offset] })],
);
