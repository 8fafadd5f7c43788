/**
 * Runs whose process is gone: what it had begun is told as the ledger has it, then they have failed. Nothing is begun
 * again. What is told comes from the run's own events, folded by the core that the lost driver went by.
 */
import { readOutcome } from '../activities/read-outcome.ts';
import { flush } from '../activities/flush.ts';
import { performInProcess } from '../activities/step-context.ts';
import { evolve } from '../domain/core/evolve.ts';
import { WORKFLOW_ORIGIN, workflowId } from '../domain/core/ids.ts';
import { isReady, newRunState } from '../domain/core/state.ts';
import type { CallState } from '../domain/core/state.ts';
import { StartCommand } from '../domain/schemas/command.ts';
import { RunEvent } from '../domain/schemas/event.ts';
import type { StoredEvent } from '../domain/schemas/event.ts';
import type { RunToolInput } from '../domain/schemas/step.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { tryAdvisoryLock } from '../store/advisory-lock.ts';
import type { Store } from '../store/database.ts';
import { getDefinition } from '../store/definitions.ts';
import { driverLock, listDrivers, listRunsDrivenBy } from '../store/driven-runs.ts';
import { readOriginEvents } from '../store/events.ts';
import type { RunRow } from '../store/run-rows.ts';
import { beginningOf } from '../workflows/beginning.ts';
import { openRun } from '../workflows/live-run.ts';
import type { LiveRun } from '../workflows/live-run.ts';
import { INTERRUPTED } from './drive-run.ts';

export interface InterruptedParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Its row says so. */
const CLASSIC = { isClassic: () => Promise.resolve(true) };

interface Left {
  readonly run: LiveRun;
  readonly told: readonly StoredEvent[];
}

/** As its driver left it, as far as the store knows. */
const reopen = async (store: Store, row: RunRow): Promise<Left> => {
  const definition = await getDefinition(store, row, row.agentDigest);
  if (!definition) throw new Error(`The definition of run ${row.runId} is not in the store`);
  const { identity, contributors, input } = beginningOf(StartCommand.parse(JSON.parse(row.startCommand.bytes)));
  const fresh = newRunState(identity, definition.limits, contributors, 'classic');
  const told = await readOriginEvents(store, row, row.runId, WORKFLOW_ORIGIN);
  const state = told.map(({ type, at, data }) => RunEvent.parse({ type, at, data })).reduce(evolve, fresh);
  const run = openRun({ state, nextOrdinal: (told.at(-1)?.ordinal ?? 0) + 1, evidence: {} });
  if (told.length === 0) run.apply({ type: 'start', ...input });
  return { run, told };
};

const inProcess = <T>(step: string, row: RunRow, work: () => Promise<T>): Promise<T> =>
  performInProcess(
    {
      attempt: 1,
      step,
      stepId: `interrupted:${row.runId}`,
      caller: workflowId(row),
      isRecorded: true,
      signal: new AbortController().signal,
      isCancelRequested: () => false,
      heartbeat: () => undefined,
    },
    work,
  );

/** The dispatch of a call that was out. */
const dispatchOf = ({ run, told }: Left, call: CallState): RunToolInput | undefined => {
  const asReady = { ...call, status: 'ready' } as const;
  if (!isReady(asReady)) return undefined;
  const { toolCallId, tool, revision, basis, argumentsRef, factsRef, digest } = asReady;
  const asked = { turn: run.state.turn, toolCallId, tool, revision, basis, argumentsRef, factsRef, digest };
  const started = told.findLast(({ type, data }) => type === 'tool.started' && data['toolCallId'] === toolCallId);
  return started && { ...run.rideAlong(), events: [], ...asked, dispatch: started.ordinal, evidence: [] };
};

export const endInterrupted = async (parts: InterruptedParts, row: RunRow): Promise<void> => {
  const left = await reopen(parts.store, row);
  const { run } = left;
  for (const call of run.state.calls.filter(({ status }) => status === 'running')) {
    const input = dispatchOf(left, call);
    if (!input) continue;
    const { result } = await inProcess('readOutcome', row, () => readOutcome(parts, CLASSIC)(input));
    run.apply({ type: 'tool_settled', toolCallId: call.toolCallId, result });
  }
  const { code, detail } = INTERRUPTED;
  if (run.state.phase === 'asking')
    run.apply({ type: 'model_settled', result: { type: 'failed', code, message: detail, retryable: false } });
  run.apply({ type: 'fail', code, detail });
  // At once: who wakes after having been taken for dead finds either none of it, or a run that is over.
  await inProcess('flush', row, () => flush(parts, CLASSIC)(run.rideAlong()));
};

const endRunsOf = async (parts: InterruptedParts, driverId: string): Promise<void> => {
  const lock = await tryAdvisoryLock(parts.store, driverLock(driverId));
  // It lives, or somebody else is at it.
  if (!lock) return;
  try {
    for (const row of await listRunsDrivenBy(parts.store, driverId)) {
      const { tenant, project, runId } = row;
      try {
        await endInterrupted(parts, row);
        parts.logger.warn({ tenant, project, runId }, 'run.interrupted_ended');
      } catch (error) {
        parts.logger.error({ tenant, project, runId, err: error }, 'run.reconcile_failed');
      }
    }
  } finally {
    await lock.release();
  }
};

/** For the reconciler. */
export const endInterruptedRuns = async (parts: InterruptedParts): Promise<void> => {
  for (const driverId of await listDrivers(parts.store)) await endRunsOf(parts, driverId);
};
