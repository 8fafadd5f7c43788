import type { Scope } from '../domain/schemas/names.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';

export interface SlotRequest extends Scope {
  readonly rootRunId: string;
  /** The run of that tree that asks: what becomes of it is told in its events. */
  readonly runId: string;
  /** How many trees of runs of one requester may be active at a time in the tenant. */
  readonly limit: number;
  readonly nowMs: number;
}

export type Slot =
  /** The tree has its slot until it stops running; while it waited, from one time to the other, its clocks stood still. */
  | { readonly state: 'held'; readonly askedAtMs: number; readonly admittedAtMs: number }
  /** Ended, replaced, or needing attention while there is room. */
  | { readonly state: 'not_needed' }
  /** So many have to stop before it: it asks again. */
  | { readonly state: 'waiting'; readonly place: number };

interface SlotRow {
  readonly state: 'held' | 'admitted' | 'waiting' | 'not_needed';
  readonly asked_at: number;
  readonly admitted_at: number;
  readonly place: number;
}

const TAKE = { name: 'take_slot_1', text: 'SELECT * FROM take_slot($1, $2, $3, $4, $5, $6)' };

export type TakenSlot = Slot & {
  /** It had to wait, and waits no more: nothing of this step has been done before. */
  readonly isJustAdmitted: boolean;
};

/**
 * Takes a slot of the requester's for a tree of runs, in the order of asking, or says that it has one. That it waits, and
 * no longer waits, is told by `run.queued` and `run.dequeued` in the same transaction.
 */
export async function takeSlot(store: Store, request: SlotRequest): Promise<TakenSlot> {
  const { tenant, project, rootRunId, runId, limit, nowMs } = request;
  const [row] = (await execute(store, TAKE, [tenant, project, rootRunId, runId, limit, nowMs])) as [SlotRow];
  const isJustAdmitted = row.state === 'admitted';
  switch (row.state) {
    case 'held':
    case 'admitted':
      return { state: 'held', askedAtMs: row.asked_at, admittedAtMs: row.admitted_at, isJustAdmitted };
    case 'not_needed':
      return { state: 'not_needed', isJustAdmitted };
    case 'waiting':
      return { state: 'waiting', place: row.place, isJustAdmitted };
  }
}

const QUEUED = {
  name: 'find_queued_since_1',
  text: `SELECT s.asked_at FROM slots s WHERE s.root_run_id = $2 AND s.tenant = $1 AND s.admitted_at IS NULL`,
};

/** Since when the tree of a run waits for a slot; null where it does not. */
export async function findQueuedSince(
  store: Store,
  { tenant, rootRunId }: { readonly tenant: string; readonly rootRunId: string },
): Promise<number | null> {
  const [row] = (await execute(store, QUEUED, [tenant, rootRunId])) as [{ asked_at: number }?];
  return row?.asked_at ?? null;
}
