/** Runs the reconciler at start and every 30 s, as long as the worker lives. */
import { endInterruptedRuns } from '../classic/end-interrupted.ts';
import { reconcile } from './reconcile.ts';
import type { ReconcilerDependencies } from './reconcile.ts';

const INTERVAL_MS = 30_000;

export interface Reconciler {
  /** Waits for the pass under way. */
  stop(): Promise<void>;
}

export const startReconciler = (dependencies: ReconcilerDependencies): Reconciler => {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const pass = async (): Promise<void> => {
    try {
      await reconcile(dependencies);
      await endInterruptedRuns(dependencies);
    } catch (error) {
      // Store or Temporal are down: the next pass looks again.
      dependencies.logger.warn({ err: error }, 'reconciler.pass_failed');
    }
    if (!stopped) timer = setTimeout(run, INTERVAL_MS);
  };
  let passing = Promise.resolve();
  const run = (): void => {
    passing = pass();
  };
  run();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await passing;
    },
  };
};
