import { and, asc, desc, eq, gt, isNull, lt, ne, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Scope } from '../domain/schemas/names.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import type { Store } from './database.ts';
import { runRow } from './run-rows.ts';
import type { RunRow } from './run-rows.ts';
import { runs, streams } from './schema/runs.ts';
import { storableText } from './storable-text.ts';

export interface RunFilter {
  readonly status?: RunStatus;
  /** The runs of one tree. Without it sub-runs are left out. */
  readonly rootRunId?: string;
  readonly agent?: string;
  readonly conversationId?: string;
  readonly requester?: string;
  readonly label?: { readonly name: string; readonly value: string };
  /** The last run of the page before. */
  readonly cursor?: { readonly createdAt: number; readonly runId: string };
  readonly limit: number;
}

/** Runs of a project, newest first. */
export async function listRuns(store: Store, scope: Scope, filter: RunFilter): Promise<RunRow[]> {
  const { status, rootRunId, agent, conversationId, requester, label, cursor, limit } = filter;
  const conditions: (SQL | undefined)[] = [
    eq(runs.tenant, scope.tenant),
    eq(runs.project, scope.project),
    rootRunId === undefined ? eq(runs.runId, runs.rootRunId) : eq(runs.rootRunId, rootRunId),
    status && eq(runs.status, status),
    agent === undefined ? undefined : eq(runs.agent, storableText(agent)),
    conversationId === undefined ? undefined : eq(runs.conversationId, storableText(conversationId)),
    requester === undefined ? undefined : eq(runs.requester, storableText(requester)),
    label && sql`${runs.labels} ->> ${storableText(label.name)} = ${storableText(label.value)}`,
    cursor && sql`(${runs.createdAt}, ${runs.runId}) < (${cursor.createdAt}, ${cursor.runId})`,
  ];
  const rows = await store.database
    .select({ run: runs, stream: streams })
    .from(runs)
    .innerJoin(streams, eq(streams.rootRunId, runs.rootRunId))
    .where(and(...conditions))
    .orderBy(desc(runs.createdAt), desc(runs.runId))
    .limit(limit);
  return rows.map(({ run, stream }) => runRow(run, stream));
}

/** Sub-runs of a tree that have not ended, the oldest first. */
export async function listUnfinishedBelow(store: Store, scope: Scope, rootRunId: string): Promise<RunRow[]> {
  const rows = await store.database
    .select({ run: runs, stream: streams })
    .from(runs)
    .innerJoin(streams, eq(streams.rootRunId, runs.rootRunId))
    .where(
      and(
        eq(runs.tenant, scope.tenant),
        eq(runs.project, scope.project),
        eq(runs.rootRunId, rootRunId),
        ne(runs.runId, runs.rootRunId),
        isNull(runs.endedAt),
      ),
    )
    .orderBy(asc(runs.createdAt), asc(runs.runId));
  return rows.map(({ run, stream }) => runRow(run, stream));
}

/**
 * Runs of workflows that have not ended and that nothing has touched since, in the order of their ids, of all tenants: for
 * the reconciler. Parked runs stay in this list, so it is read in pages: `after` is the last run of the page before.
 */
export async function listUnfinishedRuns(
  store: Store,
  page: { readonly untouchedSince: number; readonly limit: number; readonly after?: string },
): Promise<RunRow[]> {
  const { untouchedSince, limit, after } = page;
  const rows = await store.database
    .select({ run: runs, stream: streams })
    .from(runs)
    .innerJoin(streams, eq(streams.rootRunId, runs.rootRunId))
    .where(
      and(
        isNull(runs.endedAt),
        isNull(runs.drivenBy),
        lt(runs.updatedAt, untouchedSince),
        lt(streams.touchedAt, untouchedSince),
        after === undefined ? undefined : gt(runs.runId, after),
      ),
    )
    .orderBy(asc(runs.runId))
    .limit(limit);
  return rows.map(({ run, stream }) => runRow(run, stream));
}
