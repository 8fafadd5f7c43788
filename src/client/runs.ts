/** Runs, and what people tell them. */
import type { RunEventView } from '../contract/events.ts';
import type { Page } from '../contract/pagination.ts';
import type {
  BlockRun,
  CancelRun,
  CancelledRun,
  CommandedRun,
  ResolveCall,
  SendMessage,
  UnblockRun,
} from '../contract/run-commands.ts';
import type { ListRunsQuery, Run, RunDetail, StartRun, StartedRun } from '../contract/runs.ts';
import { segment } from './calls.ts';
import type { CallOptions, Calls, CommandOptions } from './calls.ts';
import type { Http } from './http.ts';
import { followRun } from './run-events.ts';
import type { FollowOptions, RunStreamItem } from './run-events.ts';

export interface GetRunOptions extends CallOptions {
  /** Holds the answer until the run is over or waits for a person, so many seconds at most. */
  readonly waitSeconds?: number | undefined;
}

export interface StartRunOptions extends CommandOptions {
  /** Of agents of classic execution: holds the answer until the run is over, so many seconds at most. */
  readonly waitSeconds?: number | undefined;
}

export interface RunsClient {
  start(request: StartRun, options?: StartRunOptions): Promise<StartedRun>;
  get(runId: string, options?: GetRunOptions): Promise<RunDetail>;
  list(query?: ListRunsQuery, options?: CallOptions): Promise<Page<Run>>;
  cancel(runId: string, request?: CancelRun, options?: CommandOptions): Promise<CancelledRun>;
  /** Parks the run until somebody unblocks it. */
  block(runId: string, request: BlockRun, options?: CommandOptions): Promise<CommandedRun>;
  /** Lets a blocked run go on; the model reads the note. */
  unblock(runId: string, request?: UnblockRun, options?: CommandOptions): Promise<CommandedRun>;
  /** Says something to the model, which reads it at its next turn. */
  message(runId: string, request: SendMessage, options?: CommandOptions): Promise<CommandedRun>;
  /** Says how a parked call goes on. */
  resolve(runId: string, request: ResolveCall, options?: CommandOptions): Promise<CommandedRun>;
  /** Follows the run until it is over, through cuts of the connection and restarts of the server. */
  events(runId: string, options?: FollowOptions): AsyncGenerator<RunStreamItem>;
  /** The events stored so far, one page of them. */
  eventPage(
    runId: string,
    query?: { after?: number; limit?: number },
    options?: CallOptions,
  ): Promise<Page<RunEventView>>;
}

const WAIT_MARGIN_MS = 10_000;

const runPath = (runId: string): string => `/v1/runs/${segment(runId)}`;

export const runsClient = (http: Http, { get, post }: Calls): RunsClient => ({
  start: (request, { signal, idempotencyKey, waitSeconds } = {}) =>
    http.json('POST', '/v1/runs', {
      signal,
      body: request,
      headers: {
        prefer: waitSeconds === undefined ? 'respond-async' : `wait=${waitSeconds}`,
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      ...(waitSeconds !== undefined && { timeoutMs: waitSeconds * 1_000 + WAIT_MARGIN_MS }),
    }),
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
  block: (runId, request, given) => post(`${runPath(runId)}/block`, request, given),
  unblock: (runId, request = {}, given) => post(`${runPath(runId)}/unblock`, request, given),
  message: (runId, request, given) => post(`${runPath(runId)}/messages`, request, given),
  resolve: (runId, request, given) => post(`${runPath(runId)}/resolve`, request, given),
  events: (runId, given) => followRun(http, runId, given),
  eventPage: (runId, query, given) => get(`${runPath(runId)}/events`, given, query),
});
