/** What a run and those below it have used, from the events that say so. */
import { addUsage } from '../domain/core/usage.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { Usage } from '../domain/schemas/run.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { storedEvent } from './events.ts';

const READ = {
  name: 'read_usage_2',
  text: `WITH RECURSIVE tree AS (
      SELECT r.run_id FROM runs r WHERE r.run_id = $4 AND r.tenant = $1 AND r.project = $2
      UNION ALL
      SELECT r.run_id FROM runs r JOIN tree t ON r.parent_run_id = t.run_id WHERE r.tenant = $1 AND r.project = $2
    )
    SELECT e.seq, e.body FROM run_events e
    WHERE e.root_run_id = $3 AND e.type = 'usage.recorded'
      AND ($4::text = $3 OR e.run_id IN (SELECT t.run_id FROM tree t))
      AND EXISTS (SELECT FROM streams s WHERE s.root_run_id = $3 AND s.tenant = $1 AND s.project = $2)`,
};

/** With all below it, while they are under way, too: what each model call used is counted, and not what runs tell of others. */
export async function readUsage(
  store: Store,
  scope: Scope,
  run: { readonly runId: string; readonly rootRunId: string },
): Promise<Usage> {
  const rows = await execute(store, READ, [scope.tenant, scope.project, run.rootRunId, run.runId]);
  const events = (rows as { seq: number; body: Buffer }[]).map((row) => storedEvent(run.rootRunId, row));
  return addUsage(...events.filter(({ data }) => !('subRunId' in data)).map(({ data }) => Usage.parse(data)));
}
