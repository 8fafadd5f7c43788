/** Beats for the whole of a step, so that a lost worker is noticed and a cancel reaches the step. */
import { stepContext } from './step-context.ts';

const BEAT_MS = 1_000;

/** The signal aborts when the run is cancelled, the step times out, or the worker ends its grace. */
export const withHeartbeats = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const context = stepContext();
  const timer = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await work(context.signal);
  } finally {
    clearInterval(timer);
  }
};

/** True where a person or the workflow asked to stop, as against a deploy that takes the worker away. */
export const isCancelRequested = (): boolean => stepContext().isCancelRequested();
