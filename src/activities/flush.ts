/** Stores the workflow's events when no other step carries them. */
import type { FlushInput, FlushOutput } from '../domain/schemas/step.ts';
import { admitStep } from './admit.ts';
import type { StepDependencies } from './dependencies.ts';
import { storeRideAlong } from './ride-along.ts';

export const flush =
  (dependencies: Pick<StepDependencies, 'store' | 'clock'>) =>
  async (input: FlushInput): Promise<FlushOutput> => {
    await admitStep(dependencies, input);
    return storeRideAlong(dependencies.store, input);
  };
