import type { Run, RunDetail, StartedRun } from '../../contract/runs.ts';
import { runActions } from '../../domain/core/run-status.ts';
import { pathOf } from '../../domain/core/sub-runs.ts';
import type { GuardNotice } from '../../domain/guards/guard.ts';
import { readBlobs } from '../../store/blobs.ts';
import type { RunRow } from '../../store/run-rows.ts';
import { findQueuedSince } from '../../store/slots.ts';
import { readUsage } from '../../store/usage.ts';
import type { Api } from '../dependencies.ts';
import { guardReports } from '../guards/tell-guarded.ts';
import { agentsOf } from '../runs/acting-agent.ts';
import { attentionsOf } from '../runs/attentions.ts';
import { startOf } from '../runs/run-projection.ts';
import { findRunState } from '../runs/run-state.ts';
import { textOf } from './content.ts';
import { timestamp, timestampOrNull } from './time.ts';

/** Of a run that is driven within its request, nothing but its end can be asked for. */
const actionsOf = ({ status, drivenBy }: RunRow): string[] =>
  runActions(status).filter((action) => drivenBy === null || action === 'cancel');

export const runPath = (runId: string): string => `/v1/runs/${runId}`;

export function runView(row: RunRow): Run {
  const self = runPath(row.runId);
  return {
    runId: row.runId,
    rootRunId: row.rootRunId,
    path: [...pathOf(startOf(row))],
    parent:
      row.parentRunId === null || row.parentCallId === null
        ? null
        : { runId: row.parentRunId, toolCallId: row.parentCallId },
    agent: row.agent,
    agentDigest: row.agentDigest,
    execution: row.drivenBy === null ? 'durable' : 'classic',
    status: row.status,
    requester: row.requester,
    startedBy: row.startedBy,
    conversationId: row.conversationId,
    replacedBy: row.replacedBy,
    labels: row.labels,
    createdAt: timestamp(row.createdAt),
    updatedAt: timestamp(row.updatedAt),
    endedAt: timestampOrNull(row.endedAt),
    failure: row.failure,
    cancelRequested: row.cancelRequested !== null,
    eventSeq: row.eventSeq,
    headHash: row.headHash,
    links: {
      self,
      events: `${self}/events`,
      approvals: `${self}/approvals`,
      artifacts: `${self}/artifacts`,
      media: `${self}/media`,
    },
  };
}

/** A run as its start is answered; of classic execution, with what it has come to. */
export async function startedView(
  { store }: Pick<Api, 'store'>,
  row: RunRow,
  guards: readonly GuardNotice[],
): Promise<StartedRun> {
  const view = { ...runView(row), guards: guardReports(guards) };
  if (row.drivenBy === null) return view;
  const contents = row.outputRef ? await readBlobs(store, row.tenant, [row.outputRef.sha256]) : new Map();
  return { ...view, output: textOf(contents, row.outputRef) ?? null };
}

/** The run with its words, its state, and what it needs of people. */
export async function runDetail(
  { store, clock, maxActiveRunsPerRequester }: Pick<Api, 'store' | 'clock' | 'maxActiveRunsPerRequester'>,
  row: RunRow,
): Promise<RunDetail> {
  const refs = [row.inputRef, row.outputRef].flatMap((ref) => (ref ? [ref.sha256] : []));
  const mayWait = maxActiveRunsPerRequester !== undefined && row.status === 'running';
  const [contents, state, usage, attentions, queuedSince, agents] = await Promise.all([
    readBlobs(store, row.tenant, refs),
    findRunState(store, row),
    readUsage(store, row, row),
    attentionsOf(store, row, await clock.nowMs()),
    mayWait ? findQueuedSince(store, row) : null,
    agentsOf(store, row),
  ]);
  return {
    ...runView(row),
    agents: agents.map(({ agent, agentDigest }) => ({ agent, agentDigest })),
    input: textOf(contents, row.inputRef) ?? null,
    output: textOf(contents, row.outputRef) ?? null,
    state: state ?? null,
    queuedSince: timestampOrNull(queuedSince),
    usage: { ...usage, costMicros: usage.costMicros ?? {}, unpricedCalls: usage.unpricedCalls ?? 0 },
    attentions,
    actions: actionsOf(row),
  };
}
