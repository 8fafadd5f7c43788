/** Stores the workflow's events when no other step carries them. */
import type { FlushInput, FlushOutput } from '../domain/schemas/step.ts';
import { appendEvents } from '../store/events.ts';
import { rideAlong } from './ride-along.ts';
import type { StepDependencies } from './dependencies.ts';

export const flush =
  ({ store }: Pick<StepDependencies, 'store'>) =>
  async (input: FlushInput): Promise<FlushOutput> => {
    const { acknowledged } = await appendEvents(store, rideAlong(input));
    return { acknowledged };
  };
