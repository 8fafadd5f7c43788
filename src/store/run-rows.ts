import type { SignedCommand } from '../domain/schemas/command.ts';
import type { BlobRef, Scope } from '../domain/schemas/names.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import { blobRefFrom } from './blob-ref.ts';
import { blobParameters, rememberBlobs } from './blobs.ts';
import type { NewBlob } from './blobs.ts';
import { genesisHash } from './chain.ts';
import { commandRow } from './commands.ts';
import type { CommandRecord } from './commands.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { runs } from './schema/runs.ts';
import { storableText } from './storable-text.ts';

/** A run as it is created. */
export interface NewRun extends Scope {
  readonly runId: string;
  readonly rootRunId: string;
  readonly agent: string;
  readonly agentDigest: string;
  readonly policyDigest: string;
  /** Principal the run acts for. */
  readonly requester: string;
  readonly requesterGroups: readonly string[];
  /** The service that starts it for the requester; null where the requester does. */
  readonly startedBy?: string | null;
  /** The process that drives it, of classic execution; null where a workflow does. */
  readonly drivenBy?: string | null;
  readonly inputRef: BlobRef;
  readonly conversationId: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Unique for the requester within the project. */
  readonly idempotencyKey: string | null;
  /** Of the request that made the run: tells a repetition from another request under the same key. */
  readonly requestDigest: string;
  readonly startCommand: SignedCommand;
  readonly createdAt: number;
}

export interface RunRow extends NewRun {
  /** Of a sub-run: the run, and its call, that it carries out. */
  readonly parentRunId: string | null;
  readonly parentCallId: string | null;
  readonly startedBy: string | null;
  readonly drivenBy: string | null;
  readonly status: RunStatus;
  /** The latest of creation, command and event. Events count for the whole tree of runs. */
  readonly updatedAt: number;
  readonly endedAt: number | null;
  readonly startedInTemporal: boolean;
  readonly cancelRequested: SignedCommand | null;
  /** The run that took its place in the conversation: nothing new is dispatched for this one. */
  readonly replacedBy: string | null;
  readonly outputRef: BlobRef | null;
  readonly failure: { readonly code: string; readonly detail: string } | null;
  /** Head of the root run's sequence and chain. */
  readonly eventSeq: number;
  readonly headHash: string;
}

export type CreateRunOutcome =
  | { readonly outcome: 'created' | 'existing' | 'mismatch'; readonly run: RunRow }
  | { readonly outcome: 'conversation_busy'; readonly runId: string; readonly requester: string }
  | { readonly outcome: 'too_many_active_runs' };

export interface CreateOptions {
  /** How many runs of one requester may be active at a time in the tenant; no limit without. */
  readonly maxActiveRuns?: number | undefined;
  /** The unfinished run of the conversation whose place the new one takes, and the cancel that it gets. */
  readonly replaces?: CommandRecord & { readonly runId: string };
}

const CREATE = {
  name: 'create_run_2',
  text: `SELECT c.outcome, (c.run).*, c.event_seq, c.head_hash, c.touched_at FROM create_run($1, $2, $3, $4, $5, $6) c`,
};

/**
 * Creates a run, or finds the one that this request has created before: row, event stream and blobs in one statement.
 * `mismatch`: the idempotency key stands for another request. `conversation_busy`: another run of it is unfinished, and is
 * not the one that this one replaces. Replacing marks the old run, keeps its cancel and creates the new one, or nothing.
 */
export async function createRun(
  store: Store,
  run: NewRun,
  newBlobs: readonly NewBlob[],
  { maxActiveRuns, replaces }: CreateOptions = {},
): Promise<CreateRunOutcome> {
  const [row] = (await execute(store, CREATE, [
    JSON.stringify(rowOf(run)),
    Buffer.from(genesisHash(run.rootRunId), 'hex'),
    ...blobParameters(newBlobs),
    maxActiveRuns ?? null,
    replaces ? JSON.stringify(replacementOf(replaces)) : null,
  ])) as [{ outcome: CreateRunOutcome['outcome'] }];
  if (row.outcome === 'too_many_active_runs') return { outcome: row.outcome };
  const found = runRowFrom(row);
  if (row.outcome === 'created') rememberBlobs(store, run.tenant, newBlobs);
  return row.outcome === 'conversation_busy'
    ? { outcome: row.outcome, runId: found.runId, requester: found.requester }
    : { outcome: row.outcome, run: found };
}

const replacementOf = (record: CommandRecord & { readonly runId: string }) => ({
  runId: record.runId,
  ...record.signed,
  command: commandRow(record),
});

/** In the column names of the table, for `jsonb_populate_record`. */
export const rowOf = (run: NewRun): Record<string, unknown> => ({
  run_id: run.runId,
  tenant: run.tenant,
  project: run.project,
  root_run_id: run.rootRunId,
  agent: run.agent,
  agent_digest: run.agentDigest,
  policy_digest: run.policyDigest,
  requester: run.requester,
  requester_groups: run.requesterGroups,
  started_by: run.startedBy ?? null,
  driven_by: run.drivenBy ?? null,
  input_sha256: `\\x${run.inputRef.sha256}`,
  input_bytes: run.inputRef.bytes,
  conversation_id: run.conversationId,
  labels: Object.fromEntries(Object.entries(run.labels).map(([name, value]) => [name, storableText(value)])),
  status: 'running' satisfies RunStatus,
  idempotency_key: run.idempotencyKey,
  request_digest: run.requestDigest,
  start_bytes: run.startCommand.bytes,
  start_jws: run.startCommand.jws,
  started_in_temporal: false,
  created_at: run.createdAt,
  updated_at: run.createdAt,
});

/** Columns of a run with its stream's head, for {@link runRowFrom}. */
const RUN_COLUMNS = 'r.*, s.seq AS event_seq, s.head_hash, s.touched_at';

/** A row of runs joined with its stream, from any statement that selects the two. */
function runRowFrom(row: unknown): RunRow {
  const head = row as { event_seq: number; head_hash: Buffer; touched_at: number };
  return runRow(decodeRow(runs, row), { seq: head.event_seq, headHash: head.head_hash, touchedAt: head.touched_at });
}

export function runRow(
  run: typeof runs.$inferSelect,
  stream: { readonly seq: number; readonly headHash: Buffer; readonly touchedAt: number },
): RunRow {
  const { inputSha256, inputBytes, outputSha256, outputBytes, startBytes, startJws, cancelBytes, cancelJws, ...rest } =
    run;
  const { failureCode, failureDetail, ...plain } = rest;
  return {
    ...plain,
    inputRef: { sha256: inputSha256.toString('hex'), bytes: inputBytes },
    startCommand: { bytes: startBytes, jws: startJws },
    cancelRequested: cancelBytes === null || cancelJws === null ? null : { bytes: cancelBytes, jws: cancelJws },
    outputRef: blobRefFrom(outputSha256, outputBytes),
    failure: failureCode === null ? null : { code: failureCode, detail: failureDetail ?? '' },
    updatedAt: Math.max(run.updatedAt, stream.touchedAt),
    eventSeq: stream.seq,
    headHash: stream.headHash.toString('hex'),
  };
}

const GET = {
  name: 'get_run_1',
  text: `SELECT ${RUN_COLUMNS} FROM runs r JOIN streams s ON s.root_run_id = r.root_run_id
    WHERE r.run_id = $3 AND r.tenant = $1 AND r.project = $2`,
};

export async function getRun(store: Store, scope: Scope, runId: string): Promise<RunRow | undefined> {
  const [row] = await execute(store, GET, [scope.tenant, scope.project, runId]);
  return row === undefined ? undefined : runRowFrom(row);
}

const GET_FOR_GATE = {
  name: 'get_run_for_gate_1',
  text: `SELECT ${RUN_COLUMNS} FROM runs r JOIN streams s ON s.root_run_id = r.root_run_id WHERE r.run_id = $1`,
};

/** For the gate only: it believes the signed start command in the row, not what its caller says about the scope. */
export async function getRunForGate(store: Store, runId: string): Promise<RunRow | undefined> {
  const [row] = await execute(store, GET_FOR_GATE, [runId]);
  return row === undefined ? undefined : runRowFrom(row);
}

const MARK_STARTED = {
  name: 'mark_run_started_1',
  text: `UPDATE runs SET started_in_temporal = true
    WHERE run_id = $3 AND tenant = $1 AND project = $2 AND NOT started_in_temporal`,
};

/** Temporal has accepted the start: the reconciler need not repeat it. */
export async function markRunStarted(store: Store, scope: Scope, runId: string): Promise<void> {
  await execute(store, MARK_STARTED, [scope.tenant, scope.project, runId]);
}

const RECORD_CANCEL = {
  name: 'record_cancel_request_1',
  text: `UPDATE runs SET cancel_bytes = $4, cancel_jws = $5
    WHERE run_id = $3 AND tenant = $1 AND project = $2 AND cancel_bytes IS NULL AND ended_at IS NULL
    RETURNING run_id`,
};

/** Keeps a cancel until the workflow obeyed it. The first one stands; false where one stands already or the run ended. */
export async function recordCancelRequest(
  store: Store,
  scope: Scope,
  runId: string,
  command: SignedCommand,
): Promise<boolean> {
  const rows = await execute(store, RECORD_CANCEL, [scope.tenant, scope.project, runId, command.bytes, command.jws]);
  return rows.length > 0;
}

const ANY = { name: 'any_run_exists_1', text: 'SELECT EXISTS (SELECT FROM runs) AS found' };

/** Whether there has ever been a run, of any tenant. */
export async function anyRunExists(store: Store): Promise<boolean> {
  const [row] = (await execute(store, ANY, [])) as [{ found: boolean }];
  return row.found;
}
