import type pg from 'pg';
import { z } from 'zod';
import { StoredEvent } from '../domain/schemas/event.ts';
import type { NumberedEvent } from '../domain/schemas/event.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { eventBody } from './chain.ts';
import type { ChainedEvent } from './chain.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { readModelChanges } from './read-model.ts';
import { StoreCorruptionError } from './store-error.ts';

export type { ChainedEvent } from './chain.ts';

/** A batch of one origin. The workflow's must extend what is stored; what is stored already is ignored. */
export interface AppendRequest extends Scope {
  readonly rootRunId: string;
  readonly runId: string;
  readonly origin: string;
  readonly events: readonly NumberedEvent[];
  /** Stores nothing where the run has ended meanwhile: for whoever ends runs from outside. */
  readonly onlyIfUnfinished?: boolean;
  /** Of the workflow's own events: the task that tells them. */
  readonly task?: TellingTask;
}

/** A workflow task. The one that starts later has the longer history, or belongs to a later execution. */
export interface TellingTask {
  /** When its execution began, in epoch milliseconds. */
  readonly startedAt: number;
  readonly historyLength: number;
  /** Temporal has recorded it: what it tells is true whatever else has been told. */
  readonly isRecorded: boolean;
}

export interface Appended {
  /** The highest stored ordinal of that run and origin. */
  readonly acknowledged: number;
  readonly seq: number;
  readonly headHash: string;
}

/** The first eleven parameters of whatever appends events. */
const appendParameters = (request: AppendRequest): unknown[] => {
  const { tenant, project, rootRunId, runId, origin, events } = request;
  return [
    tenant,
    project,
    rootRunId,
    runId,
    origin,
    events.map(({ ordinal }) => ordinal),
    events.map(({ event }) => event.type),
    events.map(({ event }) => event.at),
    events.map(({ event }) => (event.type === 'message.completed' ? event.data.turn : null)),
    events.map(({ ordinal, event }) => Buffer.from(eventBody(rootRunId, { runId, origin, ordinal, ...event }))),
    readModelChanges(request, events),
  ];
};

/** The first fourteen parameters of what appends the workflow's own events. */
export const toldParameters = (request: AppendRequest): unknown[] => {
  const { task } = request;
  return [...appendParameters(request), task?.startedAt ?? null, task?.historyLength ?? null, task?.isRecorded ?? true];
};

const APPEND = {
  name: 'append_events_2',
  text: 'SELECT * FROM append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)',
};

interface AppendedRow {
  readonly stored_ordinal: number;
  readonly stream_seq: number;
  readonly stream_head: Buffer;
}

const allParameters = (request: AppendRequest): unknown[] => {
  const { task, onlyIfUnfinished = false } = request;
  return [...appendParameters(request), onlyIfUnfinished, task?.startedAt ?? null, task?.historyLength ?? null];
};

const appendedFrom = ({ stored_ordinal, stream_seq, stream_head }: AppendedRow): Appended => ({
  acknowledged: stored_ordinal,
  seq: stream_seq,
  headHash: stream_head.toString('hex'),
});

/**
 * Stores events, in one statement: sequence, chain, read model and notification. The same batch again, or an
 * overlapping one, changes nothing and gives the same acknowledgement. Throws a StoreRefusalError `event_gap` or
 * `unknown_run`.
 */
export async function appendEvents(store: Store, request: AppendRequest): Promise<Appended> {
  const [row] = (await execute(store, APPEND, allParameters(request))) as [AppendedRow];
  return appendedFrom(row);
}

/** As {@link appendEvents}, within a transaction that does more. */
export async function appendEventsIn(client: pg.PoolClient, request: AppendRequest): Promise<Appended> {
  const { rows } = await client.query<AppendedRow>({ ...APPEND, values: allParameters(request) });
  const [row] = rows as [AppendedRow];
  return appendedFrom(row);
}

const READ = {
  name: 'read_events_1',
  text: `SELECT e.seq, e.body, e.prev_hash, e.hash FROM run_events e
    WHERE e.root_run_id = $3 AND e.seq > $4 AND ($6::text IS NULL OR e.run_id = $6)
      AND EXISTS (SELECT FROM streams s WHERE s.root_run_id = $3 AND s.tenant = $1 AND s.project = $2)
    ORDER BY e.seq LIMIT $5`,
};

interface EventRow {
  readonly seq: number;
  readonly body: Buffer;
  readonly prev_hash: Buffer;
  readonly hash: Buffer;
}

/** Events of a root run after a place in its sequence, in order; of one of its runs only, where `runId` is given. */
export async function readEvents(
  store: Store,
  scope: Scope,
  rootRunId: string,
  page: { readonly after: number; readonly limit: number; readonly runId?: string },
): Promise<ChainedEvent[]> {
  const { after, limit, runId } = page;
  const rows = await execute(store, READ, [scope.tenant, scope.project, rootRunId, after, limit, runId ?? null]);
  return (rows as EventRow[]).map((row) => ({
    ...storedEvent(rootRunId, row),
    prevHash: row.prev_hash.toString('hex'),
    hash: row.hash.toString('hex'),
  }));
}

const READ_ORIGIN = {
  name: 'read_origin_1',
  text: `SELECT e.root_run_id, e.seq, e.body FROM run_events e
    WHERE e.run_id = $3 AND e.origin = $4
      AND EXISTS (SELECT FROM runs r WHERE r.run_id = $3 AND r.tenant = $1 AND r.project = $2)
    ORDER BY e.ordinal`,
};

/** What one origin has told of a run, in the order of its own numbers. */
export async function readOriginEvents(
  store: Store,
  scope: Scope,
  runId: string,
  origin: string,
): Promise<StoredEvent[]> {
  const rows = await execute(store, READ_ORIGIN, [scope.tenant, scope.project, runId, origin]);
  return (rows as { root_run_id: string; seq: number; body: Buffer }[]).map((row) => storedEvent(row.root_run_id, row));
}

/** What a model's transcript is made of: a partial index finds just these. */
const READ_TRANSCRIPT = {
  name: 'read_transcript_5',
  text: `SELECT e.root_run_id, e.seq, e.body FROM run_events e
    WHERE e.run_id = $3 AND e.seq > $4
      AND e.type IN ('run.started', 'run.unblocked', 'message.received', 'message.completed', 'approval.decided',
                     'approval.superseded', 'tool.completed', 'tool.failed', 'tool.denied', 'contract.unmet',
                     'context.compacted', 'output.invalid', 'run.transferred')
      AND EXISTS (SELECT FROM runs r WHERE r.run_id = $3 AND r.tenant = $1 AND r.project = $2)
    ORDER BY e.seq`,
};

/**
 * The events that a run's transcript is made of, in order: what was said and what became of the calls, the notes of those
 * who unblocked it, messages, and the decisions on calls, among them edits.
 */
export async function readTranscriptEvents(
  store: Store,
  scope: Scope,
  runId: string,
  { afterSeq }: { readonly afterSeq: number },
): Promise<StoredEvent[]> {
  const rows = await execute(store, READ_TRANSCRIPT, [scope.tenant, scope.project, runId, afterSeq]);
  return (rows as { root_run_id: string; seq: number; body: Buffer }[]).map((row) => storedEvent(row.root_run_id, row));
}

const StoredBody = StoredEvent.omit({ seq: true }).extend({ v: z.literal(1), rootRunId: z.string() });

/** All but `seq` comes from the hashed bytes, not from the columns extracted from them. */
export function storedEvent(rootRunId: string, row: { readonly seq: number; readonly body: Buffer }): StoredEvent {
  const parsed = StoredBody.safeParse(jsonOrUndefined(row.body));
  if (!parsed.success || parsed.data.rootRunId !== rootRunId) {
    throw new StoreCorruptionError(`Event ${row.seq} of ${rootRunId} is not readable.`);
  }
  const { runId, origin, ordinal, type, at, data } = parsed.data;
  return { seq: row.seq, runId, origin, ordinal, type, at, data };
}

function jsonOrUndefined(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
