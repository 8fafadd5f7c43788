/** What a step that threw says to whoever drives the run, as Temporal would read it. */
import { ApplicationFailure } from '@temporalio/common';

export interface StepFault {
  readonly code: string;
  readonly message: string;
  /** Only outages are: trying again may mend them. */
  readonly isRetryable: boolean;
  /** When to try again, where the step knows. */
  readonly retryAfterMs?: number;
}

/** The code of what is no expected outcome: an outage, or a bug. */
export const BROKEN_STEP = 'step_failed';

export const stepFaultOf = (error: unknown): StepFault => {
  if (!(error instanceof ApplicationFailure))
    return { code: BROKEN_STEP, message: 'The step broke.', isRetryable: true };
  const { type, message, nonRetryable, nextRetryDelay } = error;
  return {
    code: type ?? BROKEN_STEP,
    message,
    isRetryable: nonRetryable !== true,
    ...(typeof nextRetryDelay === 'number' && { retryAfterMs: nextRetryDelay }),
  };
};
