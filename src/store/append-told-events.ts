/** Storing what a workflow tells, whatever a lost task of it has told before (domain/evidence/retell-events.ts). */
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { reserveEffect } from './effects.ts';
import type { Reservation, ReserveRequest } from './effects.ts';
import { refuseDispatch } from './refuse-dispatch.ts';
import type { Refusal, RefuseRequest } from './refuse-dispatch.ts';
import { toldParameters } from './events.ts';
import type { AppendRequest } from './events.ts';
import { retell } from './retell.ts';
import { StoreRefusalError } from './store-error.ts';

/** The workflow's events up to this ordinal are in the store. */
interface Told {
  readonly acknowledged: number;
}

const acknowledge = ({ events }: AppendRequest): Told => ({ acknowledged: events.at(-1)?.ordinal ?? 0 });

const orRetell = async <T>(store: Store, append: AppendRequest, write: (append: AppendRequest) => Promise<T>) => {
  try {
    return await write(append);
  } catch (error) {
    if (!(error instanceof StoreRefusalError && error.code === 'event_conflict')) throw error;
  }
  await retell(store, append);
  return write({ ...append, events: [] });
};

const APPEND = {
  name: 'append_told_events_1',
  text: 'SELECT FROM append_told_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)',
};

/**
 * As `appendEvents`, for the workflow's own events. Throws a StoreRefusalError `run_over` where the run has ended and there
 * is more to tell, and `stale_task` where another task has taken over from the one that tells.
 */
export async function appendToldEvents(store: Store, request: AppendRequest): Promise<Told> {
  await orRetell(store, request, (append) => execute(store, APPEND, toldParameters(append)));
  return acknowledge(request);
}

/** As `reserveEffect`, which see; its refusals are those of `appendToldEvents`, too. */
export async function reserveToldEffect(
  store: Store,
  request: ReserveRequest,
): Promise<Told & { readonly reservation: Reservation }> {
  const reservation = await orRetell(store, request.append, (append) => reserveEffect(store, { ...request, append }));
  return { ...acknowledge(request.append), reservation };
}

/** As `refuseDispatch`, which see; its refusals are those of `appendToldEvents`, too. */
export async function refuseToldDispatch(
  store: Store,
  request: RefuseRequest,
): Promise<Told & { readonly refusal: Refusal }> {
  const refusal = await orRetell(store, request.append, (append) => refuseDispatch(store, { ...request, append }));
  return { ...acknowledge(request.append), refusal };
}
