/** What a run and its sub-runs have used, from the events that say so. */
import { addUsage } from '../domain/core/usage.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { Usage } from '../domain/schemas/run.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { storedEvent } from './events.ts';

const READ = {
  name: 'read_usage_1',
  text: `SELECT e.seq, e.body FROM run_events e
    WHERE e.root_run_id = $3 AND e.type = 'usage.recorded' AND ($4::text = $3 OR e.run_id = $4)
      AND EXISTS (SELECT FROM streams s WHERE s.root_run_id = $3 AND s.tenant = $1 AND s.project = $2)`,
};

/** Of a root run: with all its sub-runs. Of a sub-run: its own. */
export async function readUsage(
  store: Store,
  scope: Scope,
  run: { readonly runId: string; readonly rootRunId: string },
): Promise<Usage> {
  const rows = await execute(store, READ, [scope.tenant, scope.project, run.rootRunId, run.runId]);
  const events = (rows as { seq: number; body: Buffer }[]).map((row) => storedEvent(run.rootRunId, row));
  return addUsage(...events.map(({ data }) => Usage.parse(data)));
}
