/**
 * Compares unfinished rows with Temporal: repeats starts and cancels that were never sent, and ends runs whose workflow
 * was terminated, timed out or lost. One worker at a time does it, under an advisory lock.
 */
import type { RunGateway, RunInspector, WorkflowFate } from '../gateway/run-gateway.ts';
import type { Logger } from '../platform/logger.ts';
import type { Clock } from '../platform/clock.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { Store } from '../store/database.ts';
import { getDefinition } from '../store/definitions.ts';
import { appendFromOutside } from '../store/append-from-outside.ts';
import { listUnfinishedRuns } from '../store/run-lists.ts';
import { getRun, markRunStarted } from '../store/run-rows.ts';
import type { RunRow } from '../store/run-rows.ts';

export interface ReconcilerDependencies {
  readonly store: Store;
  readonly gateway: RunGateway & RunInspector;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Rows touched more recently are left alone: their workflow is at work. */
const UNTOUCHED_MS = 60_000;
const PAGE = 100;
/** Any constant number: the lock is this deployment's database's. */
const LOCK = 7_206_001;

const FAILURES: Record<Extract<WorkflowFate, { type: 'over' }>['as'] | 'missing', string> = {
  completed: 'workflow_ended_without_record',
  failed: 'workflow_failed',
  terminated: 'workflow_terminated',
  timed_out: 'workflow_timed_out',
  cancelled: 'workflow_cancelled',
  missing: 'workflow_lost',
};

const end = async ({ store, clock }: ReconcilerDependencies, run: RunRow, code: string): Promise<void> => {
  const detail = 'Temporal ended the workflow of this run, or lost it, before it had recorded an end.';
  const at = await clock.nowMs();
  await appendFromOutside(store, run, 'reconciler:1', [{ type: 'run.failed', at, data: { code, detail } }]);
};

const start = async ({ store, gateway }: ReconcilerDependencies, run: RunRow): Promise<void> => {
  const definition = await getDefinition(store, run, run.agentDigest);
  if (!definition) throw new Error(`No definition ${run.agentDigest}.`);
  const { limits } = definition;
  await gateway.startRun({ address: run, agent: run.agent, start: run.startCommand, limits });
  await markRunStarted(store, run, run.runId);
};

const hasEnded = async (store: Store, scope: Scope, runId: string): Promise<boolean> => {
  const run = await getRun(store, scope, runId);
  return run === undefined || run.endedAt !== null;
};

/** What it did for one run, for the log. */
const reconcileRun = async (dependencies: ReconcilerDependencies, run: RunRow): Promise<string | undefined> => {
  const { gateway, store } = dependencies;
  const fate = await gateway.fate(run);
  if (fate.type === 'missing' && !run.startedInTemporal) {
    // A sub-run is its parent's to start, and to end where it never began.
    if (run.parentRunId !== null && !(await hasEnded(store, run, run.parentRunId))) return undefined;
    if (run.parentRunId !== null) {
      await end(dependencies, run, 'workflow_lost');
      return 'ended';
    }
    await start(dependencies, run);
    // Cancelled or replaced before it began: it is not let go in between.
    if (run.cancelRequested) await gateway.command(run, 'cancel', run.cancelRequested);
    return 'started';
  }
  if (fate.type !== 'running') {
    await end(dependencies, run, FAILURES[fate.type === 'over' ? fate.as : 'missing']);
    return 'ended';
  }
  if (!run.startedInTemporal) await markRunStarted(store, run, run.runId);
  if (!run.cancelRequested) return undefined;
  // A second cancel changes nothing, so whether the first arrived need not be known.
  await gateway.command(run, 'cancel', run.cancelRequested);
  return 'cancelled';
};

const withLock = async (store: Store, work: () => Promise<void>): Promise<void> => {
  const client = await store.pool.connect();
  try {
    const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [LOCK]);
    if (!rows[0]?.free) return;
    try {
      await work();
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [LOCK]);
    }
  } finally {
    client.release();
  }
};

/** One pass over all unfinished runs. */
export const reconcile = async (dependencies: ReconcilerDependencies, untouchedMs = UNTOUCHED_MS): Promise<void> => {
  const { store, clock, logger } = dependencies;
  const untouchedSince = (await clock.nowMs()) - untouchedMs;
  await withLock(store, async () => {
    let after: string | undefined;
    for (;;) {
      const runs = await listUnfinishedRuns(store, { untouchedSince, limit: PAGE, ...(after && { after }) });
      for (const run of runs) {
        const { tenant, project, runId } = run;
        try {
          const done = await reconcileRun(dependencies, run);
          if (done) logger.warn({ tenant, project, runId, done }, 'run.reconcile_completed');
        } catch (error) {
          logger.error({ tenant, project, runId, err: error }, 'run.reconcile_failed');
        }
      }
      after = runs.at(-1)?.runId;
      if (runs.length < PAGE) return;
    }
  });
};
