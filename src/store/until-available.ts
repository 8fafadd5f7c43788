import { setTimeout as delay } from 'node:timers/promises';
import { isStoreUnavailable } from './store-error.ts';

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;

/** Sits an outage of PostgreSQL out. Any other error, and giving up, is thrown. */
export async function untilAvailable<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
    try {
      return await read();
    } catch (error) {
      if (signal.aborted || !isStoreUnavailable(error)) throw error;
    }
    await delay(waitMs, undefined, { signal });
  }
}
