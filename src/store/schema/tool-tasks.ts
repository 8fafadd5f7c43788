import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { ToolEffect } from '../../domain/schemas/agent.ts';
import { bytea, epochMs } from './columns.ts';

/** Calls that workers of other task queues carry out: written once their effects are reserved, never removed. */
export const toolTasks = pgTable(
  'tool_tasks',
  {
    tenant: text().notNull(),
    /** The nonce of the attempt in the ledger, too. */
    taskId: text('task_id').notNull(),
    project: text().notNull(),
    runId: text('run_id').notNull(),
    agent: text().notNull(),
    tool: text().notNull(),
    toolCallId: text('tool_call_id').notNull(),
    definitionDigest: text('definition_digest').notNull(),
    taskQueue: text('task_queue').notNull(),
    effectKey: text('effect_key').notNull(),
    epoch: integer().notNull(),
    effect: text().$type<ToolEffect>().notNull(),
    digest: text().notNull(),
    argumentsSha256: bytea('arguments_sha256').notNull(),
    argumentsBytes: integer('arguments_bytes').notNull(),
    timeoutMs: integer('timeout_ms').notNull(),
    createdAt: epochMs('created_at').notNull(),
    /** Nobody begins it from then on. */
    startBy: epochMs('start_by').notNull(),
    /** One execution of the activity, by a name that it has given itself. */
    claimant: text(),
    /** Whose key it claimed with. */
    claimedBy: text('claimed_by'),
    claimedAt: epochMs('claimed_at'),
    expiresAt: epochMs('expires_at'),
    /** The gate waits no more. */
    closedAt: epochMs('closed_at'),
    reportedAt: epochMs('reported_at'),
    outcome: text().$type<'completed' | 'failed'>(),
    contentSha256: bytea('content_sha256'),
    contentBytes: integer('content_bytes'),
    failureCode: text('failure_code'),
  },
  (task) => [primaryKey({ columns: [task.tenant, task.taskId] })],
);
