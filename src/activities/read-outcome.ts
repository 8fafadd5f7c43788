/** What became of a dispatch that was stopped before it answered: the ledger says, nobody guesses. Executes nothing. */
import type { RunToolInput, RunToolOutput } from '../domain/schemas/step.ts';
import { admitDispatch } from './admit.ts';
import type { StepDependencies } from './dependencies.ts';
import { earlierAttempt } from './earlier-attempt.ts';
import { refused } from './refused.ts';
import { storeRideAlong } from './ride-along.ts';

export const readOutcome =
  (dependencies: StepDependencies) =>
  async ({ retry: _, ...input }: RunToolInput): Promise<RunToolOutput> => {
    await admitDispatch(dependencies, input);
    const earlier = await earlierAttempt(dependencies, input);
    if (earlier) return earlier;
    const { acknowledged } = await storeRideAlong(dependencies.store, input);
    return { acknowledged, result: refused('run_cancelled', 'The run was cancelled before the call ran.', 'deny') };
  };
