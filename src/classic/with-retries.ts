/** Tries a step again as Temporal would: only outages throw, and the ledger makes that harmless. */
import { setTimeout as delay } from 'node:timers/promises';
import { stepFaultOf } from '../activities/step-fault.ts';
import type { StepFault } from '../activities/step-fault.ts';

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 10_000;

/** It was asked to stop before it answered. */
export class StepStoppedError extends Error {
  override readonly name = 'StepStoppedError';
}

export interface Retrying {
  readonly stopped: AbortSignal;
  onFault(fault: StepFault, error: unknown, attempt: number): void;
}

/** Rejects with a {@link StepStoppedError} once `stopped` is aborted, or with what no retry can mend. */
export const withRetries = async <T>(
  { stopped, onFault }: Retrying,
  work: (attempt: number) => Promise<T>,
): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (stopped.aborted) throw new StepStoppedError('The step was stopped.', { cause: error });
      const fault = stepFaultOf(error);
      const { isRetryable, retryAfterMs } = fault;
      if (!isRetryable) throw error;
      onFault(fault, error, attempt);
      const backoffMs = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), MAX_RETRY_MS);
      await delay(retryAfterMs ?? backoffMs, undefined, { signal: stopped }).catch(() => undefined);
      if (stopped.aborted) throw new StepStoppedError('The step was stopped.', { cause: error });
    }
  }
};
