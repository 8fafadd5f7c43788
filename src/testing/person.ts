/** Somebody with an API key: what tests do over HTTP, in their words. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Approval } from '../contract/approvals.ts';
import type { RunEventView } from '../contract/events.ts';
import type { RunDetail, StartRun } from '../contract/runs.ts';
import type { DecisionKind } from '../domain/schemas/approval.ts';

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Person {
  readonly key: string;
  /** Any request. A body that is no string is sent as JSON. */
  request<T = unknown>(method: string, path: string, options?: RequestOptions): Promise<Answer<T>>;
  startRun(body: Partial<StartRun>, key?: string): Promise<StartedRun>;
  run(runId: string): StartedRun;
}

export interface StartedRun {
  readonly runId: string;
  get(): Promise<RunDetail>;
  /** Waits until the run settles or only people are waited for. */
  settles(): Promise<RunDetail>;
  /** Follows the run's events to its end, however long it waits in between. */
  ends(): Promise<RunDetail>;
  events(): Promise<readonly RunEventView[]>;
  types(): Promise<readonly string[]>;
  approvals(): Promise<readonly Approval[]>;
  /** Waits for the run's only pending approval. */
  pending(): Promise<Approval>;
  decide(approval: Pick<Approval, 'key' | 'digest'>, decision: DecisionKind, more?: object): Promise<Answer>;
  cancel(): Promise<Answer>;
  block(reason: string): Promise<Answer>;
  unblock(note?: string): Promise<Answer>;
  /** Says something to the model. */
  message(text: string, idempotencyKey?: string): Promise<Answer>;
  /** Says how a parked call goes on. */
  resolve(body: object): Promise<Answer>;
  /** Waits until the run has told this, and gives the event. */
  event(type: RunEventView['type'], times?: number): Promise<RunEventView>;
}

const HOLD_SECONDS = 30;
const POLL_MS = 20;

export const createPerson = (url: string, key: string): Person => {
  const request = async <T>(
    method: string,
    path: string,
    { headers, body }: RequestOptions = {},
  ): Promise<Answer<T>> => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T };
  };

  const expectOk = <T>(answer: Answer<T>): T => {
    if (answer.status >= 300) throw new Error(`HTTP ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };

  const run = (runId: string): StartedRun => {
    const path = `/v1/runs/${runId}`;
    const get = async (headers = {}) => expectOk(await request<RunDetail>('GET', path, { headers }));
    const events = async (): Promise<readonly RunEventView[]> => {
      const all: RunEventView[] = [];
      for (;;) {
        const after = all.at(-1)?.seq ?? 0;
        const headers = { accept: 'application/json' };
        const page = `${path}/events?after=${after}&limit=100`;
        const { data } = expectOk(await request<{ data: RunEventView[] }>('GET', page, { headers }));
        all.push(...data);
        if (data.length < 100) return all;
      }
    };
    const approvals = async (filter = '') =>
      expectOk(await request<{ data: Approval[] }>('GET', `${path}/approvals?limit=100${filter}`)).data;
    return {
      runId,
      get,
      settles: () => get({ prefer: `wait=${HOLD_SECONDS}` }),
      async ends() {
        // The server closes the stream when the run has ended.
        expectOk(await request('GET', `${path}/events`, { headers: { accept: 'text/event-stream' } }));
        return get();
      },
      events,
      types: async () => (await events()).map((event) => event.type),
      approvals: () => approvals(),
      async pending() {
        await get({ prefer: `wait=${HOLD_SECONDS}` });
        const open = await approvals('&status=pending');
        if (!open[0] || open.length > 1) throw new Error(`${open.length} approvals pend, not one.`);
        return open[0];
      },
      decide: (approval, decision, more = {}) =>
        request('POST', `${path}/approvals/${approval.key}/decisions`, {
          body: { decision, digest: approval.digest, ...more },
        }),
      cancel: () => request('POST', `${path}/cancel`, { body: {} }),
      block: (reason) => request('POST', `${path}/block`, { body: { reason } }),
      unblock: (note) => request('POST', `${path}/unblock`, { body: note === undefined ? {} : { note } }),
      message: (text, idempotencyKey) =>
        request('POST', `${path}/messages`, {
          body: { text },
          ...(idempotencyKey !== undefined && { headers: { 'idempotency-key': idempotencyKey } }),
        }),
      resolve: (body) => request('POST', `${path}/resolve`, { body }),
      async event(type, times = 1) {
        for (const deadline = Date.now() + HOLD_SECONDS * 1_000; ;) {
          const found = (await events()).filter((event) => event.type === type)[times - 1];
          if (found) return found;
          if (Date.now() > deadline) throw new Error(`The run has not told ${type} ${times} times.`);
          await delay(POLL_MS);
        }
      },
    };
  };

  return {
    key,
    request,
    run,
    async startRun(body, idempotencyKey) {
      const headers = idempotencyKey ? { 'idempotency-key': idempotencyKey } : {};
      const whole = { agent: 'helper', input: 'Begin.', ...body };
      const { runId } = expectOk(await request<RunDetail>('POST', '/v1/runs', { headers, body: whole }));
      return run(runId);
    },
  };
};
