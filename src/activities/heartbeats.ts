/** Beats for the whole of a step, so that a lost worker is noticed and a cancel reaches the step. */
import { ApplicationFailure } from '@temporalio/activity';
import { stepContext } from './step-context.ts';

const BEAT_MS = 1_000;

/** The signal aborts when the run is cancelled, the step times out, or the worker ends its grace. */
export const withHeartbeats = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const context = stepContext();
  const timer = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await work(context.signal);
  } catch (error) {
    // The SDK would tell an abort as a cancel, which nobody asked for.
    if (!isTakenAway() || isFinal(error)) throw error;
    throw takenAway();
  } finally {
    clearInterval(timer);
  }
};

const isFinal = (error: unknown): boolean => error instanceof ApplicationFailure && error.nonRetryable === true;

/** Somebody else is to do it: tried again at once, on another worker. */
export const takenAway = (): ApplicationFailure =>
  ApplicationFailure.create({ message: 'The worker stops.', type: 'worker_stopping', nonRetryable: false });

/**
 * True where the step is to stop and nobody has asked for it: a deploy, an outage. Somewhere else it goes on; not so what
 * a process drives itself.
 */
export const isTakenAway = (): boolean => {
  const { isInProcess, signal } = stepContext();
  return !isInProcess && signal.aborted && !isCancelRequested();
};

/** True where a person or the workflow asked to stop, as against a deploy that takes the worker away. */
export const isCancelRequested = (): boolean => stepContext().isCancelRequested();
