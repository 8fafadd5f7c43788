import { execute } from './database.ts';
import type { Store } from './database.ts';

/** A root run's log as far as it goes. */
export interface TouchedStream {
  readonly rootRunId: string;
  readonly seq: number;
  readonly headHash: string;
  /** Of its last event: hand it in, with the id, for the next page. */
  readonly touchedAt: number;
}

const TOUCHED = {
  name: 'streams_touched_since_1',
  text: `SELECT s.root_run_id, s.seq, s.head_hash, s.touched_at FROM streams s
    WHERE s.tenant = $1 AND s.touched_at >= $2 AND (s.touched_at, s.root_run_id) > ($2, $4) AND s.seq > 0
    ORDER BY s.touched_at, s.root_run_id LIMIT $3`,
};

/**
 * Root runs with events since a time, those touched first first. Events carry the time of who tells them, which may be
 * somewhat before the time they are stored: ask for a little more than since the last time. `after`: an id; of streams
 * touched at just `sinceMs`, only those after it.
 */
export async function streamsTouchedSince(
  store: Store,
  tenant: string,
  sinceMs: number,
  limit: number,
  after = '',
): Promise<TouchedStream[]> {
  const rows = await execute(store, TOUCHED, [tenant, sinceMs, limit, after]);
  return (rows as { root_run_id: string; seq: number; head_hash: Buffer; touched_at: number }[]).map((row) => ({
    rootRunId: row.root_run_id,
    seq: row.seq,
    headHash: row.head_hash.toString('hex'),
    touchedAt: row.touched_at,
  }));
}
