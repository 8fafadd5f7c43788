/** The workflow's unacknowledged events as an append to the store. */
import { WORKFLOW_ORIGIN } from '../domain/core/ids.ts';
import type { RideAlong } from '../domain/schemas/step.ts';
import type { AppendRequest } from '../store/events.ts';

export const rideAlong = ({ run, events }: RideAlong): AppendRequest => {
  const { tenant, project, rootRunId, runId } = run;
  return { tenant, project, rootRunId, runId, origin: WORKFLOW_ORIGIN, events };
};
