import { setTimeout as delay } from 'node:timers/promises';
import { isPrivateAddressError } from '../../platform/outgoing/guarded-fetch.ts';
import type { GuardedFetch } from '../../platform/outgoing/guarded-fetch.ts';
import type { CheckpointSink } from './checkpoint-sink.ts';

const TIMEOUT_MS = 10_000;
const RETRY_AFTER_MS = [200, 1_000, 5_000] as const;

/** Nothing is sent again that the receiver has understood and refused. */
const isLasting = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429;

const PRIVATE = 'in a private network; COUNTERSIGN_ALLOWED_PRIVATE_HOSTS can allow it';

export interface HttpSinkOptions {
  readonly fetch: GuardedFetch;
  readonly timeoutMs?: number;
  readonly retryAfterMs?: readonly number[];
}

/** Posts each checkpoint. User and password in the URL become basic authentication. */
export const httpSink = (url: string, options: HttpSinkOptions): CheckpointSink => {
  const { fetch, timeoutMs = TIMEOUT_MS, retryAfterMs = RETRY_AFTER_MS } = options;
  const target = new URL(url);
  const credentials = [target.username, target.password].map(decodeURIComponent).join(':');
  target.username = '';
  target.password = '';
  const headers = {
    'content-type': 'application/jose',
    ...(credentials !== ':' && { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
  };
  const name = `${target.origin}${target.pathname}`;

  /** What went wrong; undefined where it was taken. */
  const post = async (body: string): Promise<{ readonly why: string; readonly isLasting: boolean } | undefined> => {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(target, { method: 'POST', headers, body, signal, redirect: 'error' });
      await response.body?.cancel();
      if (response.ok) return undefined;
      return { why: `HTTP ${response.status}`, isLasting: isLasting(response.status) };
    } catch (error) {
      if (isPrivateAddressError(error)) return { why: PRIVATE, isLasting: true };
      return { why: error instanceof Error ? error.name : 'unknown', isLasting: false };
    }
  };

  return {
    name,
    async write(checkpoint) {
      for (const [attempt, waitMs] of [...retryAfterMs, undefined].entries()) {
        const failure = await post(checkpoint);
        if (!failure) return;
        if (failure.isLasting || waitMs === undefined)
          throw new Error(`${name} did not take a checkpoint (${failure.why}, attempt ${attempt + 1})`);
        await delay(waitMs);
      }
    },
  };
};
