/** Runs that a process drives within a request, without a workflow: `driven_by` names the process. */
import { and, asc, eq, isNull } from 'drizzle-orm';
import type { SignedCommand } from '../domain/schemas/command.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { runRow } from './run-rows.ts';
import type { RunRow } from './run-rows.ts';
import { runs, streams } from './schema/runs.ts';

/** A process holds the lock of this name before it drives anything, and as long as it lives: who can take it knows that it is gone. */
export const driverLock = (driverId: string): string => `countersign.driver:${driverId}`;

const CANCELS = {
  name: 'read_cancel_requests_1',
  text: `SELECT r.run_id, r.cancel_bytes, r.cancel_jws FROM runs r
    WHERE r.driven_by = $1 AND r.ended_at IS NULL AND r.cancel_bytes IS NOT NULL`,
};

interface CancelRow {
  readonly run_id: string;
  readonly cancel_bytes: string;
  readonly cancel_jws: string;
}

/** Cancels that were recorded, by whichever replica, for unfinished runs that this process drives. */
export async function readCancelRequests(store: Store, driverId: string): Promise<ReadonlyMap<string, SignedCommand>> {
  const rows = (await execute(store, CANCELS, [driverId])) as CancelRow[];
  return new Map(rows.map((row) => [row.run_id, { bytes: row.cancel_bytes, jws: row.cancel_jws }]));
}

const DRIVERS = {
  name: 'list_drivers_1',
  text: 'SELECT DISTINCT r.driven_by FROM runs r WHERE r.driven_by IS NOT NULL AND r.ended_at IS NULL',
};

/** The processes that drive unfinished runs, or drove them before they were gone. */
export async function listDrivers(store: Store): Promise<readonly string[]> {
  return ((await execute(store, DRIVERS, [])) as { driven_by: string }[]).map((row) => row.driven_by);
}

const PAGE = 100;

/** Unfinished runs of all tenants that the process drove; more may be left. */
export async function listRunsDrivenBy(store: Store, driverId: string): Promise<readonly RunRow[]> {
  const rows = await store.database
    .select({ run: runs, stream: streams })
    .from(runs)
    .innerJoin(streams, eq(streams.rootRunId, runs.rootRunId))
    .where(and(eq(runs.drivenBy, driverId), isNull(runs.endedAt)))
    .orderBy(asc(runs.runId))
    .limit(PAGE);
  return rows.map(({ run, stream }) => runRow(run, stream));
}
