/** What became of a dispatch that was stopped or broke: the ledger says, nobody guesses. Executes nothing. */
import type { RunToolInput, SettledToolOutput } from '../domain/schemas/step.ts';
import { admitDispatch } from './admit.ts';
import type { StepDependencies } from './dependencies.ts';
import { refuse } from './refuse.ts';
import { refused } from './refused.ts';

export const readOutcome =
  (dependencies: Pick<StepDependencies, 'store' | 'clock'>) =>
  async ({ retry: _, ...input }: RunToolInput): Promise<SettledToolOutput> => {
    await admitDispatch(dependencies, input);
    const refusal = refused('run_cancelled', 'The run was cancelled before the call ran.', 'deny');
    return refuse(dependencies, input, refusal);
  };
