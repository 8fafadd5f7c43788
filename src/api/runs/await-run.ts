import type { RunStatus } from '../../domain/schemas/run.ts';
import { getRun } from '../../store/run-rows.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Api } from '../dependencies.ts';
import { waitForEvent } from '../streams/wait-for-event.ts';

/** Events after which a run may stand still or be over. */
const TURNING_POINTS = new Set(['run.suspended', 'run.blocked', 'run.completed', 'run.failed', 'run.cancelled']);

export const isAtRest = (status: RunStatus): boolean => status !== 'running';

/** Holds until the run satisfies `isReached` or the time is over; gives the run as it then is. */
export async function awaitRun(
  api: Api,
  run: RunRow,
  isReached: (status: RunStatus) => boolean,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<RunRow> {
  const deadline = performance.now() + options.timeoutMs;
  let current = run;
  while (!isReached(current.status) && performance.now() < deadline && !options.signal.aborted) {
    using wait = waitForEvent(api.feed, {
      scope: run,
      rootRunId: run.rootRunId,
      after: current.eventSeq,
      signal: options.signal,
      match: (event) => (event.runId === run.runId && TURNING_POINTS.has(event.type) ? true : undefined),
    });
    await wait.within(deadline - performance.now());
    current = (await getRun(api.store, run, run.runId)) ?? current;
  }
  return current;
}
