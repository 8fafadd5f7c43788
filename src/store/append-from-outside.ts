import type { RunEvent } from '../domain/schemas/event.ts';
import { appendEvents } from './events.ts';
import type { AppendRequest } from './events.ts';
import type { Store } from './database.ts';

type Told = Pick<AppendRequest, 'tenant' | 'project' | 'rootRunId' | 'runId'>;

/**
 * Tells what did not happen in the run's workflow, under an origin of its own: what others tell of a run is not numbered
 * among what it tells itself. The same origin again changes nothing, and nothing is stored once the run has ended.
 */
export async function appendFromOutside(
  store: Store,
  { tenant, project, rootRunId, runId }: Told,
  origin: string,
  told: readonly RunEvent[],
): Promise<void> {
  const events = told.map((event, index) => ({ ordinal: index + 1, event }));
  await appendEvents(store, { tenant, project, rootRunId, runId, origin, events, onlyIfUnfinished: true });
}
