/** The workflow's unacknowledged events on their way into the store. */
import { ApplicationFailure } from '@temporalio/common';
import { WORKFLOW_ORIGIN } from '../domain/core/ids.ts';
import type { RideAlong } from '../domain/schemas/step.ts';
import { appendToldEvents } from '../store/append-told-events.ts';
import type { AppendRequest } from '../store/events.ts';
import type { Store } from '../store/database.ts';
import { StoreRefusalError } from '../store/store-error.ts';
import { stepContext } from './step-context.ts';

/** Local steps run before Temporal has recorded the task that asks for them. */
export const rideAlong = ({ run, events, task }: RideAlong): AppendRequest => {
  const { tenant, project, rootRunId, runId } = run;
  const { isRecorded } = stepContext();
  const telling = task && { task: { ...task, isRecorded } };
  return { tenant, project, rootRunId, runId, origin: WORKFLOW_ORIGIN, events, ...telling };
};

/** An outage is retried by Temporal without limit; what the store refuses (a run it does not know) it refuses for good. */
export const finalIfRefused = async <T>(write: Promise<T>): Promise<T> => {
  try {
    return await write;
  } catch (error) {
    if (error instanceof StoreRefusalError) throw ApplicationFailure.nonRetryable(error.message, error.code);
    throw error;
  }
};

/** Stores the events and says up to which the store has them. */
export const storeRideAlong = (store: Store, input: RideAlong): Promise<{ acknowledged: number }> =>
  finalIfRefused(appendToldEvents(store, rideAlong(input)));
