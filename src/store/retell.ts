/** Stores what a workflow tells where a lost task has told otherwise, or has once. Rare, so clear before fast. */
import type pg from 'pg';
import { WORKFLOW_AGAIN_ORIGIN, WORKFLOW_ORIGIN } from '../domain/core/ids.ts';
import { retellEvents } from '../domain/evidence/retell-events.ts';
import type { Log, Retelling, ToldEvent } from '../domain/evidence/retell-events.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import { appendEventsIn, storedEvent } from './events.ts';
import type { AppendRequest } from './events.ts';
import type { Store } from './database.ts';
import { StoreRefusalError } from './store-error.ts';
import { inTransaction } from './transaction.ts';

const ORIGINS = [WORKFLOW_ORIGIN, WORKFLOW_AGAIN_ORIGIN];

interface Row {
  readonly seq: number;
  readonly origin: string;
  readonly ordinal: number;
  readonly body: Buffer;
}

/** The run as it stands, with its stream locked. */
async function lockRun(client: pg.PoolClient, { tenant, project, rootRunId, runId }: AppendRequest) {
  await client.query('SELECT FROM streams WHERE root_run_id = $1 AND tenant = $2 AND project = $3 FOR UPDATE', [
    rootRunId,
    tenant,
    project,
  ]);
  const { rows } = await client.query<{ has_ended: boolean }>(
    `SELECT r.ended_at IS NOT NULL AS has_ended FROM runs r JOIN streams s USING (root_run_id)
      WHERE r.run_id = $1 AND r.root_run_id = $2 AND s.tenant = $3 AND s.project = $4`,
    [runId, rootRunId, tenant, project],
  );
  if (!rows[0]) throw new StoreRefusalError('unknown_run');
  return { hasEnded: rows[0].has_ended };
}

/** A task that was lost and wakes again tells nothing; what Temporal has recorded is always true. */
async function refuseStale(client: pg.PoolClient, { runId, task }: AppendRequest): Promise<void> {
  if (!task || task.isRecorded) return;
  const { rows } = await client.query<{ is_stale: boolean }>(
    `SELECT ($3::bigint, $4::integer) < (e.task_started_at, e.task_length) AS is_stale FROM run_events e
      WHERE e.run_id = $1 AND e.origin = ANY ($2) AND e.task_length IS NOT NULL ORDER BY e.seq DESC LIMIT 1`,
    [runId, ORIGINS, task.startedAt, task.historyLength],
  );
  if (rows[0]?.is_stale) throw new StoreRefusalError('stale_task');
}

/** From the event before the first that is told. */
async function readLog(client: pg.PoolClient, { runId, rootRunId }: AppendRequest, first: number): Promise<Log> {
  const retold = await client.query<{ ordinal: number; seq: number }>(
    'SELECT ordinal, seq FROM retold_events WHERE run_id = $1 ORDER BY ordinal',
    [runId],
  );
  const seqs = new Map(retold.rows.map(({ ordinal, seq }) => [ordinal, seq]));
  const firstRetold = retold.rows[0]?.ordinal ?? Number.POSITIVE_INFINITY;
  const { rows } = await client.query<Row>(
    `SELECT e.seq, e.origin, e.ordinal, e.body FROM run_events e
      WHERE e.run_id = $1 AND e.origin = ANY ($2) AND e.seq > coalesce($3::bigint,
        (SELECT b.seq FROM run_events b WHERE b.run_id = $1 AND b.origin = $4 AND b.ordinal = $5), 0)
      ORDER BY e.seq`,
    [runId, ORIGINS, seqs.get(first - 1) ?? null, WORKFLOW_ORIGIN, first - 1],
  );
  const told = new Map(rows.map((row) => [row.seq, toldEvent(rootRunId, row)]));
  const placed = new Map<number, ToldEvent>();
  for (const { seq, origin, ordinal } of rows) {
    const event = told.get(seq);
    if (event && origin === WORKFLOW_ORIGIN && ordinal < firstRetold) placed.set(ordinal, event);
  }
  for (const [ordinal, seq] of seqs) {
    const event = told.get(seq);
    if (event) placed.set(ordinal, event);
  }
  const standing = new Set(placed.values());
  return { placed, loose: [...told.values()].filter((event) => !standing.has(event)) };
}

const toldEvent = (rootRunId: string, row: Row): ToldEvent => {
  const { seq, type, data } = storedEvent(rootRunId, row);
  return { seq, type, data };
};

const STATUS_AFTER: Readonly<Record<string, RunStatus>> = {
  'run.started': 'running',
  'run.resumed': 'running',
  'run.suspended': 'suspended',
  'run.blocked': 'needs_attention',
};

/** What only the lost task told no longer shows in the rows that people list. */
async function undo(client: pg.PoolClient, { runId }: AppendRequest, orphans: readonly ToldEvent[]): Promise<void> {
  for (const { type, data } of orphans) {
    if (type !== 'approval.expired' || !('approvalId' in data) || !('revision' in data)) continue;
    await client.query(
      `UPDATE approvals SET status = 'pending', decided_at = NULL
        WHERE approval_id = $1 AND run_id = $2 AND revision = $3 AND status = 'expired'`,
      [data.approvalId, runId, data.revision],
    );
  }
}

async function showStatus(
  client: pg.PoolClient,
  { runId, events }: AppendRequest,
  orphans: readonly ToldEvent[],
): Promise<void> {
  const undone = orphans.filter(({ type }) => type in STATUS_AFTER);
  if (!undone[0]) return;
  let latest = events.findLast(({ event }) => event.type in STATUS_AFTER)?.event.type as string | undefined;
  if (latest === undefined) {
    const { rows } = await client.query<{ type: string }>(
      `SELECT type FROM run_events WHERE run_id = $1 AND origin = ANY ($2) AND type = ANY ($3) AND seq < $4
        ORDER BY seq DESC LIMIT 1`,
      [runId, ORIGINS, Object.keys(STATUS_AFTER), undone[0].seq],
    );
    latest = rows[0]?.type;
  }
  const status = STATUS_AFTER[latest ?? 'run.started'];
  await client.query('UPDATE runs SET status = $2 WHERE run_id = $1 AND ended_at IS NULL', [runId, status]);
}

/** Under the workflow's own numbers as long as these stand where they always did; counted anew from then on. */
async function appendFresh(
  client: pg.PoolClient,
  request: AppendRequest,
  { fresh }: Retelling,
  isRetold: boolean,
): Promise<ReadonlyMap<number, number>> {
  if (fresh.length === 0) return new Map();
  const { rows } = await client.query<{ count: number }>(
    'SELECT coalesce(max(ordinal), 0)::integer AS count FROM run_events WHERE run_id = $1 AND origin = $2',
    [request.runId, WORKFLOW_AGAIN_ORIGIN],
  );
  const count = rows[0]?.count ?? 0;
  const origin = isRetold ? WORKFLOW_AGAIN_ORIGIN : WORKFLOW_ORIGIN;
  const events = isRetold ? fresh.map(({ event }, index) => ({ ordinal: count + index + 1, event })) : fresh;
  const { seq } = await appendEventsIn(client, { ...request, origin, events });
  return new Map(fresh.map(({ ordinal }, index) => [ordinal, seq - fresh.length + index + 1]));
}

/** Stores what is new of the events, and keeps which event each of the workflow's numbers stands for. */
export const retell = (store: Store, request: AppendRequest): Promise<void> =>
  inTransaction(store, async (client) => {
    const { runId, task, events } = request;
    const first = events[0]?.ordinal;
    if (first === undefined) return;
    const { hasEnded } = await lockRun(client, request);
    await refuseStale(client, request);
    const { rows } = await client.query('SELECT FROM retold_events WHERE run_id = $1 LIMIT 1', [runId]);
    const log = await readLog(client, request, first);
    const retelling = retellEvents(log, events);
    if (hasEnded && retelling.fresh.length > 0) throw new StoreRefusalError('run_over');
    const isRetold = rows.length > 0 || retelling.from !== undefined || retelling.matched.size > 0;
    if (!hasEnded) await undo(client, request, retelling.orphans);
    const appended = await appendFresh(client, request, retelling, isRetold);
    await showStatus(client, request, retelling.orphans);
    if (retelling.from !== undefined)
      await client.query('DELETE FROM retold_events WHERE run_id = $1 AND ordinal >= $2', [runId, retelling.from]);
    const matched = [...retelling.matched].map(([ordinal, { seq }]) => [ordinal, seq] as const);
    const places = new Map([...matched, ...appended]);
    if (isRetold)
      await client.query('INSERT INTO retold_events SELECT $1, * FROM unnest($2::integer[], $3::bigint[])', [
        runId,
        [...places.keys()],
        [...places.values()],
      ]);
    const last = events.at(-1)?.ordinal ?? first;
    const seq = places.get(last) ?? log.placed.get(last)?.seq;
    // This task has taken over, even where it had nothing new to tell.
    if (task && seq !== undefined)
      await client.query(
        `UPDATE run_events SET task_started_at = $3, task_length = $4 WHERE run_id = $1 AND seq = $2
           AND (task_length IS NULL OR (task_started_at, task_length) < ($3::bigint, $4::integer))`,
        [runId, seq, task.startedAt, task.historyLength],
      );
  });
