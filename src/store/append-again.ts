/**
 * What a workflow tells after one of its tasks was lost. A worker may die between storing events and Temporal's recording
 * of the task; the task that takes its place may find more that has happened meanwhile, and so tell other events under
 * the same numbers. What the lost task told has been seen and stands; what is new is stored under an origin of its own.
 */
import { WORKFLOW_AGAIN_ORIGIN, WORKFLOW_ORIGIN } from '../domain/core/ids.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { reserveEffect } from './effects.ts';
import type { Reservation, ReserveRequest } from './effects.ts';
import { appendEvents, storedEvent } from './events.ts';
import type { AppendRequest, Appended } from './events.ts';
import { StoreRefusalError } from './store-error.ts';

/** Happen again and mean something each time: told apart by their place alone. */
const RECURRING = new Set(['run.suspended', 'run.resumed', 'turn.started', 'message.restarted', 'command.ignored']);

/** What makes an event this one, whenever it was told. */
const NAMING = [
  ...['decisionId', 'commandId', 'approvalId', 'toolCallId', 'revision', 'turn'],
  ...['code', 'reminder', 'step', 'epoch', 'resolution', 'effectKey'],
] as const;

interface Told {
  readonly ordinal: number;
  readonly type: string;
  readonly data: object;
}

const nameOf = ({ ordinal, type, data }: Told): string => {
  if (RECURRING.has(type)) return JSON.stringify([type, ordinal]);
  const fields = (type === 'approval.requested' && 'approval' in data ? data.approval : data) as Record<
    string,
    unknown
  >;
  return JSON.stringify([type, ...NAMING.map((name) => fields[name] ?? null)]);
};

const READ = {
  name: 'read_workflow_events_1',
  text: `SELECT e.seq, e.body FROM run_events e
    WHERE e.run_id = $1 AND e.origin IN ($2, $3) AND e.ordinal >= $4 ORDER BY e.seq`,
};

const isConflict = (error: unknown): boolean => error instanceof StoreRefusalError && error.code === 'event_conflict';

/** As `appendEvents`, for the workflow's own events, whatever a lost task of it has stored. */
export async function appendWorkflowEvents(store: Store, request: AppendRequest): Promise<Appended> {
  try {
    return await appendEvents(store, request);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  const { runId, rootRunId, events } = request;
  const [first, last] = [events[0]?.ordinal ?? 0, events.at(-1)?.ordinal ?? 0];
  const rows = await execute(store, READ, [runId, WORKFLOW_ORIGIN, WORKFLOW_AGAIN_ORIGIN, first]);
  const known = new Set((rows as { seq: number; body: Buffer }[]).map((row) => nameOf(storedEvent(rootRunId, row))));
  const fresh = events.filter(({ ordinal, event }) => !known.has(nameOf({ ordinal, ...event })));
  const appended = await appendEvents(store, { ...request, origin: WORKFLOW_AGAIN_ORIGIN, events: fresh });
  return { ...appended, acknowledged: last };
}

/** As `reserveEffect`, with events that a lost task may have told otherwise. */
export async function reserveWorkflowEffect(
  store: Store,
  request: ReserveRequest,
): Promise<{ readonly acknowledged: number; readonly reservation: Reservation }> {
  try {
    return await reserveEffect(store, request);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  const { acknowledged } = await appendWorkflowEvents(store, request.append);
  const { reservation } = await reserveEffect(store, { ...request, append: { ...request.append, events: [] } });
  return { acknowledged, reservation };
}
