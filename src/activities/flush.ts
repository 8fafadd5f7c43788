/** Stores the workflow's events when no other step carries them. */
import type { FlushInput, FlushOutput } from '../domain/schemas/step.ts';
import { appendToldEvents } from '../store/append-told-events.ts';
import { getRunForGate } from '../store/run-rows.ts';
import { StoreRefusalError } from '../store/store-error.ts';
import { admitStep } from './admit.ts';
import type { StepDependencies } from './dependencies.ts';
import { admitDriver } from './load-run.ts';
import type { DriverCheck } from './load-run.ts';
import { finalIfRefused, rideAlong } from './ride-along.ts';

const isOver = (error: unknown): boolean => error instanceof StoreRefusalError && error.code === 'run_over';

/** A run that has ended in the store, as a lost task or somebody outside told it, stays so: its workflow follows. */
export const flush =
  ({ store, clock }: Pick<StepDependencies, 'store' | 'clock'>, runs: DriverCheck) =>
  async (input: FlushInput): Promise<FlushOutput> => {
    await admitStep({ store, clock }, input);
    await admitDriver({ store, clock }, runs, input);
    try {
      return await appendToldEvents(store, rideAlong(input));
    } catch (error) {
      const run = isOver(error) ? await getRunForGate(store, input.run.runId) : undefined;
      if (run) return { acknowledged: input.events.at(-1)?.ordinal ?? 0, ended: run.status };
      return finalIfRefused(Promise.reject(error));
    }
  };
