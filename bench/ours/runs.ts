/** Runs over HTTP, watched on their event streams. */
import { Arrivals } from '../arrivals.ts';
import type { SubjectRun } from '../subject.ts';
import type { ToolEntries } from '../tool-entries.ts';
import { AGENT } from './agent.ts';
import type { HttpAnswer, HttpClient, StreamMessage } from './http-client.ts';

export interface PendingApproval {
  readonly key: string;
  readonly digest: string;
}

export interface HttpRun extends SubjectRun {
  /** What was asked for last. */
  readonly approval: PendingApproval;
  decide(decision: 'approve' | 'reject', key: string): Promise<HttpAnswer>;
  /** Stops watching. */
  close(): void;
}

export interface HttpRuns {
  start(turns: number): Promise<HttpRun>;
}

interface Requested {
  readonly data: { readonly approval: { readonly toolCallId: string; readonly digest: string } };
}

export const httpRuns = (client: HttpClient, entries: ToolEntries, key: string): HttpRuns => ({
  async start(turns) {
    const arrivals = new Arrivals();
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
    // Whoever has not asked for the end need not hear that it never came.
    ended.catch(() => undefined);
    let approval: PendingApproval | undefined;

    const onMessage = ({ event, data }: StreamMessage) => {
      if (event === 'approval.requested') {
        const requested = (JSON.parse(data) as Requested).data.approval;
        approval = { key: requested.toolCallId, digest: requested.digest };
        arrivals.arrive();
      } else if (event === 'stream.end') {
        const { status } = JSON.parse(data) as { status: string };
        if (status === 'completed') resolve();
        else onClosed(`ended as ${status}`);
      }
    };
    const onClosed = (how = 'closed early') => {
      const error = new Error(`The event stream ${how}.`);
      reject(error);
      arrivals.fail(error);
    };

    const body = { agent: AGENT, input: String(turns) };
    const { runId, close } = await client.stream('/v1/runs', key, body, { onMessage, onClosed: () => onClosed() });
    const current = () => {
      if (!approval) throw new Error(`Nothing pends in ${runId}.`);
      return approval;
    };
    const decide = (decision: 'approve' | 'reject', decider: string) => {
      const path = `/v1/runs/${runId}/approvals/${current().key}/decisions`;
      return client.post(path, decider, { decision, digest: current().digest });
    };
    return {
      runId,
      get approval() {
        return current();
      },
      decide,
      close,
      ended,
      pending: (turn) => arrivals.at(turn),
      entered: (turn) => entries.at(runId, turn),
      async approve() {
        const { status, text } = await decide('approve', key);
        if (status !== 200) throw new Error(`The decision was answered ${status}: ${text}`);
      },
    };
  },
});
