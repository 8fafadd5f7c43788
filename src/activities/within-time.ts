/**
 * A tool's own time limit. Temporal's would do the same from outside, but a step that it times out is tried again: a tool
 * that hangs would hang for ever.
 */

/** A tool's time ends so much before its step's, that there is time to say so. */
const MAX_MARGIN_MS = 2_000;

export class TimeIsOverError extends Error {
  override readonly name = 'TimeIsOverError';
}

/** The signal aborts when the time is over; a tool that does not listen is left behind. */
export const withinTime = async <T>(
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const over = new AbortController();
  const timesOut = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => {
      const error = new TimeIsOverError('The tool took longer than it may.');
      over.abort(error);
      timesOut.reject(error);
    },
    timeoutMs - Math.min(MAX_MARGIN_MS, timeoutMs / 10),
  );
  try {
    return await Promise.race([work(AbortSignal.any([signal, over.signal])), timesOut.promise]);
  } catch (error) {
    // However the tool puts it: it was stopped since its time was over.
    throw over.signal.aborted ? over.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
};
