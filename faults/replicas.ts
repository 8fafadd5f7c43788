/** HTTP to whichever replica answers: a request that got no answer is sent again, to another one, with the same key. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Reply<T = unknown> {
  readonly status: number;
  readonly body: T;
}

export interface Caller {
  /** Tried until it is answered with anything but an outage. */
  request<T = unknown>(method: string, path: string, body?: unknown, idempotencyKey?: string): Promise<Reply<T>>;
}

const RETRY_MS = 250;
const TIMEOUT_MS = 15_000;
const OUTAGES = new Set([502, 503, 504]);

export const createCaller = (urls: readonly string[], key: string): Caller => {
  let turn = 0;
  return {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what the contract promises
    async request<T>(method: string, path: string, body?: unknown, idempotencyKey?: string) {
      for (;;) {
        const url = urls[(turn += 1) % urls.length];
        try {
          const response = await fetch(new URL(path, url), {
            method,
            signal: AbortSignal.timeout(TIMEOUT_MS),
            headers: {
              authorization: `Bearer ${key}`,
              ...(body !== undefined && { 'content-type': 'application/json' }),
              ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
            },
            ...(body !== undefined && { body: JSON.stringify(body) }),
          });
          const text = await response.text();
          const isJson = response.headers.get('content-type')?.includes('json') ?? false;
          if (!OUTAGES.has(response.status))
            return { status: response.status, body: (isJson ? JSON.parse(text) : text) as T };
        } catch {
          // Killed, or not up yet.
        }
        await delay(RETRY_MS);
      }
    },
  };
};
