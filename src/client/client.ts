/** The HTTP API as functions. Knows the server by its contract alone; runs in browsers too. */
import type { Agent } from '../contract/agents.ts';
import type { Approval, ListApprovalsQuery } from '../contract/approvals.ts';
import type { DecideApproval, DecisionReceipt, DecisionView, PendingDecision } from '../contract/decisions.ts';
import type { RunEventView } from '../contract/events.ts';
import type { Page } from '../contract/pagination.ts';
import type { Artifact, CancelRun, CancelledRun, ListRunsQuery, Run, RunDetail, StartRun } from '../contract/runs.ts';
import { createHttp } from './http.ts';
import type { ClientOptions } from './http.ts';
import { followRun } from './run-events.ts';
import type { FollowOptions, RunStreamItem } from './run-events.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface CommandOptions extends CallOptions {
  /** Repeats with the same key and body have one effect. */
  readonly idempotencyKey?: string | undefined;
}

export interface GetRunOptions extends CallOptions {
  /** Holds the answer until the run is over or waits for a person, so many seconds at most. */
  readonly waitSeconds?: number | undefined;
}

/** Where an approval is found: an Approval is one. */
export interface ApprovalAddress {
  readonly runId: string;
  readonly key: string;
}

export interface CountersignClient {
  readonly agents: {
    list(options?: CallOptions): Promise<readonly Agent[]>;
  };
  readonly runs: {
    start(request: StartRun, options?: CommandOptions): Promise<RunDetail>;
    get(runId: string, options?: GetRunOptions): Promise<RunDetail>;
    list(query?: ListRunsQuery, options?: CallOptions): Promise<Page<Run>>;
    cancel(runId: string, request?: CancelRun, options?: CommandOptions): Promise<CancelledRun>;
    /** Follows the run until it is over, through cuts of the connection and restarts of the server. */
    events(runId: string, options?: FollowOptions): AsyncGenerator<RunStreamItem>;
    /** The events stored so far, one page of them. */
    eventPage(
      runId: string,
      query?: { after?: number; limit?: number },
      options?: CallOptions,
    ): Promise<Page<RunEventView>>;
  };
  readonly approvals: {
    list(query?: ListApprovalsQuery, options?: CallOptions): Promise<Page<Approval>>;
    listOfRun(
      runId: string,
      query?: Pick<ListApprovalsQuery, 'status' | 'limit' | 'cursor'>,
      options?: CallOptions,
    ): Promise<Page<Approval>>;
    get(address: ApprovalAddress, options?: CallOptions): Promise<Approval>;
    /** `outcome: 'pending'`: no worker answered in time; look with `decisions.get`. */
    decide(
      address: ApprovalAddress,
      request: DecideApproval,
      options?: CommandOptions,
    ): Promise<DecisionReceipt | PendingDecision>;
  };
  readonly decisions: {
    get(address: ApprovalAddress, decisionId: string, options?: CallOptions): Promise<DecisionView>;
  };
  readonly artifacts: {
    list(runId: string, options?: CallOptions): Promise<readonly Artifact[]>;
    read(runId: string, path: string, options?: CallOptions): Promise<Uint8Array>;
  };
}

const WAIT_MARGIN_MS = 10_000;

export function createClient(options: ClientOptions): CountersignClient {
  const http = createHttp(options);
  const runPath = (runId: string) => `/v1/runs/${encodeURIComponent(runId)}`;
  const approvalPath = ({ runId, key }: ApprovalAddress) => `${runPath(runId)}/approvals/${encodeURIComponent(key)}`;

  const get = <T>(path: string, given?: CallOptions, query?: object): Promise<T> =>
    http.json<T>('GET', path, { ...given, query: query as Record<string, string | number | undefined> | undefined });

  const post = <T>(path: string, body: unknown, { signal, idempotencyKey }: CommandOptions = {}): Promise<T> => {
    const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    return http.json<T>('POST', path, { body, signal, headers });
  };

  return {
    agents: {
      list: async (given) => (await get<{ data: Agent[] }>('/v1/agents', given)).data,
    },
    runs: {
      start: (request, given) => post('/v1/runs', request, given),
      get: (runId, { signal, waitSeconds } = {}) =>
        http.json('GET', runPath(runId), {
          signal,
          ...(waitSeconds !== undefined && {
            headers: { prefer: `wait=${waitSeconds}` },
            timeoutMs: waitSeconds * 1_000 + WAIT_MARGIN_MS,
          }),
        }),
      list: (query, given) => get('/v1/runs', given, query),
      cancel: (runId, request = {}, given) => post(`${runPath(runId)}/cancel`, request, given),
      events: (runId, given) => followRun(http, runId, given),
      eventPage: (runId, query, given) => get(`${runPath(runId)}/events`, given, query),
    },
    approvals: {
      list: (query, given) => get('/v1/approvals', given, query),
      listOfRun: (runId, query, given) => get(`${runPath(runId)}/approvals`, given, query),
      get: (address, given) => get(approvalPath(address), given),
      decide: (address, request, given) => post(`${approvalPath(address)}/decisions`, request, given),
    },
    decisions: {
      get: (address, decisionId, given) =>
        get(`${approvalPath(address)}/decisions/${encodeURIComponent(decisionId)}`, given),
    },
    artifacts: {
      list: async (runId, given) => (await get<{ data: Artifact[] }>(`${runPath(runId)}/artifacts`, given)).data,
      async read(runId, path, given) {
        const encoded = path.split('/').map(encodeURIComponent).join('/');
        const response = await http.send('GET', `${runPath(runId)}/artifacts/${encoded}`, {
          ...given,
          headers: { accept: 'application/octet-stream' },
        });
        return new Uint8Array(await response.arrayBuffer());
      },
    },
  };
}
