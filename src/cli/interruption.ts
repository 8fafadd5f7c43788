/** Ctrl-C and its kin, as a signal to give up; whoever insists with a second one is obeyed at once. */
import { EXIT } from './exit-codes.ts';

export interface Interruption {
  readonly signal: AbortSignal;
  /** Settles at the first interruption. */
  readonly happened: Promise<void>;
}

export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const { promise: happened, resolve } = Promise.withResolvers<void>();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT.interrupted);
      controller.abort();
      resolve();
    });
  }
  return { signal: controller.signal, happened };
}
