import type { Run, RunDetail } from '../../contract/runs.ts';
import type { Store } from '../../store/database.ts';
import { readBlobs } from '../../store/blobs.ts';
import type { RunRow } from '../../store/run-rows.ts';
import { textOf } from './content.ts';
import { timestamp, timestampOrNull } from './time.ts';

export const runPath = (runId: string): string => `/v1/runs/${runId}`;

export function runView(row: RunRow): Run {
  const self = runPath(row.runId);
  return {
    runId: row.runId,
    rootRunId: row.rootRunId,
    agent: row.agent,
    agentDigest: row.agentDigest,
    status: row.status,
    requester: row.requester,
    conversationId: row.conversationId,
    labels: row.labels,
    createdAt: timestamp(row.createdAt),
    updatedAt: timestamp(row.updatedAt),
    endedAt: timestampOrNull(row.endedAt),
    failure: row.failure,
    cancelRequested: row.cancelRequested !== null,
    eventSeq: row.eventSeq,
    headHash: row.headHash,
    links: { self, events: `${self}/events`, approvals: `${self}/approvals`, artifacts: `${self}/artifacts` },
  };
}

/** The run with its input and last message, which are fetched from the blob store. */
export async function runDetail(store: Store, row: RunRow): Promise<RunDetail> {
  const refs = [row.inputRef, row.outputRef].flatMap((ref) => (ref ? [ref.sha256] : []));
  const contents = await readBlobs(store, row.tenant, refs);
  return {
    ...runView(row),
    input: textOf(contents, row.inputRef) ?? null,
    output: textOf(contents, row.outputRef) ?? null,
  };
}
