import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, jsonb, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { RunStatus } from '../../domain/schemas/run.ts';
import { bytea, epochMs } from './columns.ts';

/**
 * The authority for create-or-get: a run exists once its row does, before Temporal hears of it.
 * The time of the last event is on the stream's head, so that an ordinary append leaves this wide row alone.
 */
export const runs = pgTable(
  'runs',
  {
    runId: text('run_id').primaryKey(),
    tenant: text().notNull(),
    project: text().notNull(),
    rootRunId: text('root_run_id').notNull(),
    agent: text().notNull(),
    agentDigest: text('agent_digest').notNull(),
    policyDigest: text('policy_digest').notNull(),
    requester: text().notNull(),
    requesterGroups: text('requester_groups').array().notNull(),
    inputSha256: bytea('input_sha256').notNull(),
    inputBytes: integer('input_bytes').notNull(),
    conversationId: text('conversation_id'),
    /** The run that took its place as the conversation's: nothing new is dispatched for this one. */
    replacedBy: text('replaced_by'),
    /** Of a sub-run: the run, and its call, that it carries out. */
    parentRunId: text('parent_run_id'),
    parentCallId: text('parent_call_id'),
    labels: jsonb().$type<Readonly<Record<string, string>>>().notNull(),
    status: text().$type<RunStatus>().notNull(),
    idempotencyKey: text('idempotency_key'),
    requestDigest: text('request_digest').notNull(),
    startBytes: text('start_bytes').notNull(),
    startJws: text('start_jws').notNull(),
    startedInTemporal: boolean('started_in_temporal').notNull(),
    cancelBytes: text('cancel_bytes'),
    cancelJws: text('cancel_jws'),
    createdAt: epochMs('created_at').notNull(),
    updatedAt: epochMs('updated_at').notNull(),
    endedAt: epochMs('ended_at'),
    outputSha256: bytea('output_sha256'),
    outputBytes: integer('output_bytes'),
    failureCode: text('failure_code'),
    failureDetail: text('failure_detail'),
    /** The service that has started it for the requester; null where the requester did. */
    startedBy: text('started_by'),
    /** The process that drives it within a request; null where a Temporal workflow does. */
    drivenBy: text('driven_by'),
  },
  (run) => [
    // The requester belongs to the key: one person's key must neither collide with nor reveal another's run.
    uniqueIndex('runs_idempotency_key')
      .on(run.tenant, run.project, run.requester, run.idempotencyKey)
      .where(sql`${run.idempotencyKey} is not null`),
    uniqueIndex('runs_active_conversation')
      .on(run.tenant, run.project, run.conversationId)
      .where(sql`${run.conversationId} is not null and ${run.endedAt} is null and ${run.replacedBy} is null`),
    index('runs_of_conversation')
      .on(run.tenant, run.project, run.conversationId, run.createdAt, run.runId)
      .where(sql`${run.conversationId} is not null`),
    index('runs_below_root')
      .on(run.rootRunId)
      .where(sql`${run.runId} <> ${run.rootRunId}`),
    index('runs_of_parent')
      .on(run.parentRunId)
      .where(sql`${run.parentRunId} is not null`),
    // Read backwards.
    index('runs_newest').on(run.tenant, run.project, run.createdAt, run.runId),
    index('runs_newest_by_status').on(run.tenant, run.project, run.status, run.createdAt, run.runId),
    index('runs_driven')
      .on(run.drivenBy, run.runId)
      .where(sql`${run.drivenBy} is not null and ${run.endedAt} is null`),
    index('runs_unfinished')
      .on(run.runId)
      .where(sql`${run.endedAt} is null`),
  ],
);

/** Head of a root run's event sequence and hash chain: the row that appends lock. */
export const streams = pgTable(
  'streams',
  {
    rootRunId: text('root_run_id').primaryKey(),
    tenant: text().notNull(),
    project: text().notNull(),
    seq: bigint({ mode: 'number' }).notNull(),
    headHash: bytea('head_hash').notNull(),
    touchedAt: epochMs('touched_at').notNull(),
  },
  (stream) => [
    // For checkpoints. Of the kind that leaves the appends' updates within their page.
    index('streams_touched').using('brin', stream.touchedAt),
  ],
);
