/** Calls on their way to workers of other task queues, and what became of them. */
import type { Scope } from '../domain/schemas/names.ts';
import type { ToolOutcome } from '../domain/schemas/step.ts';
import { blobParameters } from './blobs.ts';
import type { NewBlob } from './blobs.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { outcomeFrom } from './effects.ts';
import type { OutcomeRow } from './effects.ts';
import { toolTasks } from './schema/tool-tasks.ts';
import { storableText } from './storable-text.ts';

export type ToolTaskRow = typeof toolTasks.$inferSelect;

/** A call as the gate hands it over: nobody has claimed it. */
export type NewToolTask = Omit<
  ToolTaskRow,
  | 'claimant'
  | 'claimedBy'
  | 'claimedAt'
  | 'expiresAt'
  | 'closedAt'
  | 'reportedAt'
  | 'outcome'
  | 'contentSha256'
  | 'contentBytes'
  | 'failureCode'
>;

/** Once its effect is reserved under the task's id. The same task again changes nothing. */
export async function putToolTask(store: Store, task: NewToolTask): Promise<void> {
  await store.database.insert(toolTasks).values(task).onConflictDoNothing();
}

const GET = {
  name: 'get_tool_task_1',
  text: 'SELECT t.* FROM tool_tasks t WHERE t.tenant = $1 AND t.project = $2 AND t.task_id = $3',
};

export async function getToolTask(
  store: Store,
  { tenant, project }: Scope,
  taskId: string,
): Promise<ToolTaskRow | undefined> {
  const [row] = await execute(store, GET, [tenant, project, taskId]);
  return row === undefined ? undefined : decodeRow(toolTasks, row);
}

/** What its worker has reported; undefined where it has not. */
export const reportedOutcome = (task: ToolTaskRow): ToolOutcome | undefined => {
  const row: OutcomeRow = {
    outcome: task.outcome,
    content_sha256: task.contentSha256,
    content_bytes: task.contentBytes,
    failure_code: task.failureCode,
  };
  return outcomeFrom(row);
};

const CLAIM = {
  name: 'claim_tool_task_1',
  text: 'SELECT state FROM claim_tool_task($1, $2, $3, $4, $5, $6)',
};

/**
 * `claimed`: this claimant may carry it out, now. `taken`: another does. `braked`: later perhaps. `closed`: nobody may any
 * more, or not in time.
 */
export type Claim = 'claimed' | 'taken' | 'braked' | 'closed' | 'unknown';

export async function claimToolTask(
  store: Store,
  { tenant, project }: Scope,
  claim: { readonly taskId: string; readonly claimant: string; readonly principal: string; readonly nowMs: number },
): Promise<Claim> {
  const { taskId, claimant, principal, nowMs } = claim;
  const values = [tenant, project, taskId, storableText(claimant), storableText(principal), nowMs];
  const [row] = (await execute(store, CLAIM, values)) as [{ state: Claim }];
  return row.state;
}

const REPORT = {
  name: 'report_tool_task_1',
  text: 'SELECT state FROM report_tool_task($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
};

/** `taken`: it is not this claimant's. The first report stands. */
export async function reportToolTask(
  store: Store,
  { tenant, project }: Scope,
  report: {
    readonly taskId: string;
    readonly claimant: string;
    readonly outcome: ToolOutcome;
    readonly blob: NewBlob;
    readonly nowMs: number;
  },
): Promise<'reported' | 'taken' | 'unknown'> {
  const { taskId, claimant, outcome, blob, nowMs } = report;
  const [row] = (await execute(store, REPORT, [
    tenant,
    project,
    taskId,
    storableText(claimant),
    outcome.type,
    Buffer.from(blob.ref.sha256, 'hex'),
    blob.ref.bytes,
    outcome.type === 'failed' ? storableText(outcome.code) : null,
    ...blobParameters([blob]),
    nowMs,
  ])) as [{ state: 'reported' | 'taken' | 'unknown' }];
  return row.state;
}

const CLOSE = { name: 'close_tool_task_1', text: 'SELECT state FROM close_tool_task($1, $2, $3, $4)' };

/**
 * Nobody can claim it from here on. `not_begun`: nothing has happened, and the reservation is given back. `begun`: a worker
 * has it, and has not reported.
 */
export async function closeToolTask(
  store: Store,
  tenant: string,
  task: { readonly taskId: string; readonly dispatch: string; readonly nowMs: number },
): Promise<'reported' | 'begun' | 'not_begun'> {
  const [row] = (await execute(store, CLOSE, [tenant, task.taskId, task.dispatch, task.nowMs])) as [
    { state: 'reported' | 'begun' | 'not_begun' },
  ];
  return row.state;
}
