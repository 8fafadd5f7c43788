/** The run's steps as Temporal runs them: each timeout and retry with its reason. */
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { RunActivities } from '../domain/schemas/step.ts';

/**
 * Steps retry without limit, since only outages throw (a lost worker, a store that is down): what a provider or a tool
 * answers is a value. The first retry comes after 100 ms so that the runs of a killed worker move on at once; the last
 * interval bounds the load on a store that comes back.
 */
const RETRY = { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '10s' } as const;

/** A worker that is gone is noticed within this; steps beat by a timer throughout. */
const HEARTBEAT_TIMEOUT = '5s';

const step = {
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: RETRY,
  // What was under way when a run was cancelled is recorded before the run ends.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/** One model call. The limit is set a call, from the run's limits: by default an hour, which is longer than reasoning models take. */
export const { callModel } = proxyActivities<Pick<RunActivities, 'callModel'>>({ ...step, startToCloseTimeout: '1h' });

/** The gate. The time limit is set a call, from the tool's definition; the ledger makes retries harmless. */
export const { runTool } = proxyActivities<Pick<RunActivities, 'runTool'>>({ ...step, startToCloseTimeout: '10m' });

/** Asked when a dispatch was stopped before it answered. A look at the ledger: an outage is waited for. */
export const { readOutcome } = proxyActivities<Pick<RunActivities, 'readOutcome'>>({
  startToCloseTimeout: '30s',
  retry: RETRY,
});

/**
 * Asked when a sub-run's workflow has ended. Its row may follow later, where Temporal had to end the workflow: then it is
 * asked again without limit.
 */
export const { settleSubRun } = proxyActivities<Pick<RunActivities, 'settleSubRun'>>({
  startToCloseTimeout: '30s',
  retry: RETRY,
});

/** Stores events when no step is there to carry them, without a round trip through the server. */
export const { flushLocally } = proxyLocalActivities<Pick<RunActivities, 'flushLocally'>>({
  startToCloseTimeout: '1s',
  scheduleToCloseTimeout: '2s',
  // Never held up by a store outage: `flush` takes over, and signals and queries go on meanwhile.
  retry: { maximumAttempts: 1 },
});

export const { flush } = proxyActivities<Pick<RunActivities, 'flush'>>({ startToCloseTimeout: '30s', retry: RETRY });
