import { and, asc, eq, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Approval, ApprovalStatus, Decision, Risk } from '../domain/schemas/approval.ts';
import type { EditedCall } from '../domain/schemas/command.ts';
import { RunEvent } from '../domain/schemas/event.ts';
import type { StoredEvent } from '../domain/schemas/event.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { decisionIn } from './read-model.ts';
import { approvals } from './schema/approvals.ts';
import { storableText } from './storable-text.ts';

/** An approval as it stands, with what the inbox shows beside it. */
export type ApprovalRow = Approval &
  Scope & {
    readonly rootRunId: string;
    readonly agent: string;
    /** Principal the run acts for. */
    readonly requester: string;
    readonly decidedAt: number | null;
  };

export interface ApprovalFilter {
  /** A root run's are those of its sub-runs too. */
  readonly runId?: string;
  readonly status?: ApprovalStatus;
  readonly tool?: string;
  readonly agent?: string;
  readonly risk?: Risk;
  /** `deadline`: what must be decided first comes first. `age`: what has waited longest. */
  readonly order: 'deadline' | 'age';
  /** Place of the last approval of the page before: its `decideBy` or `requestedAt`, by `order`, and its id. */
  readonly cursor?: { readonly at: number; readonly approvalId: string };
  readonly limit: number;
}

const GET = {
  name: 'get_approval_1',
  text: 'SELECT a.* FROM approvals a WHERE a.approval_id = $3 AND a.tenant = $1 AND a.project = $2',
};

export async function getApproval(store: Store, scope: Scope, approvalId: string): Promise<ApprovalRow | undefined> {
  const [row] = await execute(store, GET, [scope.tenant, scope.project, approvalId]);
  return row === undefined ? undefined : approvalRow(decodeRow(approvals, row));
}

/**
 * A pending approval as the stored event leaves its row: decided, revised by an edit, or with one vote more. Undefined where
 * the event is none of these on this revision.
 */
export function decidedApproval(row: ApprovalRow, { type, at, data }: StoredEvent): ApprovalRow | undefined {
  if (!DECIDING.has(type) || row.status !== 'pending') return undefined;
  const event = RunEvent.safeParse({ type, at, data }).data;
  switch (event?.type) {
    case 'approval.vote_recorded': {
      const vote = decisionIn(event);
      const isKnown = row.votes?.some(({ decisionId }) => decisionId === vote.decisionId) ?? false;
      return isOn(row, event.data) && !isKnown ? { ...row, votes: [...(row.votes ?? []), vote] } : undefined;
    }
    case 'approval.superseded':
      return isOn(row, event.data) ? { ...row, status: 'superseded' } : undefined;
    case 'approval.decided': {
      if (!isOn(row, event.data)) return undefined;
      const { status, executeBy, edited } = event.data;
      const decided = { status, decision: decisionIn(event), decidedAt: at };
      return { ...row, ...edited, ...decided, ...(executeBy === undefined ? {} : { executeBy }) };
    }
    default:
      return undefined;
  }
}

const DECIDING = new Set<string>(['approval.decided', 'approval.superseded', 'approval.vote_recorded']);

const isOn = (row: ApprovalRow, { approvalId, revision }: { approvalId: string; revision: number }): boolean =>
  approvalId === row.approvalId && revision === row.revision;

/** Of a run that was handed over, the one that asks; the column has the one that the run was started with. */
const ASKING_AGENT = sql`CASE WHEN ${approvals.request}::json -> 'transfers' IS NULL THEN ${approvals.agent}
  ELSE ${approvals.request}::json -> 'path' ->> -1 END`;

export async function listApprovals(store: Store, scope: Scope, filter: ApprovalFilter): Promise<ApprovalRow[]> {
  const { runId, status, tool, agent, risk, order, cursor, limit } = filter;
  const place = order === 'deadline' ? approvals.decideBy : approvals.requestedAt;
  const rows = await store.database
    .select()
    .from(approvals)
    .where(
      and(
        inScope(scope),
        runId === undefined ? undefined : ofRun(runId),
        // As a literal where it is the usual one: a parameter would hide the partial index from a generic plan.
        status === 'pending' ? sql`${approvals.status} = 'pending'` : status && eq(approvals.status, status),
        tool === undefined ? undefined : eq(approvals.tool, storableText(tool)),
        agent === undefined ? undefined : sql`${ASKING_AGENT} = ${storableText(agent)}`,
        risk && eq(approvals.risk, risk),
        cursor && sql`(${place}, ${approvals.approvalId}) > (${cursor.at}, ${cursor.approvalId})`,
      ),
    )
    .orderBy(asc(place), asc(approvals.approvalId))
    .limit(limit);
  return rows.map(approvalRow);
}

const inScope = (scope: Scope): SQL | undefined =>
  and(eq(approvals.tenant, scope.tenant), eq(approvals.project, scope.project));

/** The index is by root run, whose id every run's own begins with. */
const ofRun = (runId: string): SQL | undefined => {
  const rootRunId = runId.split('.', 1)[0] ?? runId;
  return rootRunId === runId
    ? eq(approvals.rootRunId, rootRunId)
    : and(eq(approvals.rootRunId, rootRunId), eq(approvals.runId, runId));
};

/** The row with what has changed since the request. */
export function approvalRow(row: typeof approvals.$inferSelect): ApprovalRow {
  // All were written by this program from typed events.
  const request = JSON.parse(row.request) as Approval;
  const edited = row.edited === null ? undefined : (JSON.parse(row.edited) as EditedCall);
  const decision = row.decision === null ? undefined : (JSON.parse(row.decision) as Decision);
  const votes = row.votes === null ? undefined : (JSON.parse(row.votes) as Decision[]);
  return {
    ...request,
    ...edited,
    status: row.status,
    decideBy: row.decideBy,
    ...(row.executeBy === null ? {} : { executeBy: row.executeBy }),
    ...(decision && { decision }),
    ...(votes && { votes }),
    ...(row.supersededBy === null ? {} : { supersededBy: row.supersededBy }),
    ...(row.escalated === null ? {} : { escalated: row.escalated }),
    ...(row.reminded === null ? {} : { reminded: row.reminded }),
    ...(row.warned === null ? {} : { warned: row.warned }),
    tenant: row.tenant,
    project: row.project,
    rootRunId: row.rootRunId,
    agent: (request.transfers && request.path.at(-1)) ?? row.agent,
    requester: row.requester,
    decidedAt: row.decidedAt,
  };
}
