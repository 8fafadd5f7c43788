/** Stores the workflow's events when no other step carries them. */
import type { FlushInput, FlushOutput } from '../domain/schemas/step.ts';
import type { StepDependencies } from './dependencies.ts';
import { storeRideAlong } from './ride-along.ts';

export const flush =
  ({ store }: Pick<StepDependencies, 'store'>) =>
  (input: FlushInput): Promise<FlushOutput> =>
    storeRideAlong(store, input);
