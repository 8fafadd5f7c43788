/** Writes that must not be given up: once a tool may have run, a step that throws would leave its outcome unknown. */
import { setTimeout as delay } from 'node:timers/promises';
import { isStoreUnavailable } from '../store/database.ts';

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 2_000;

/** Tried until it is written. */
export const untilStored = async <T>(write: () => Promise<T>, onDelay: (delayMs: number) => void): Promise<T> => {
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
    try {
      return await write();
    } catch (error) {
      if (!isStoreUnavailable(error)) throw error;
      onDelay(delayMs);
      await delay(delayMs);
    }
  }
};
