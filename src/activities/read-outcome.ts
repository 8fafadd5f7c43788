/** What became of a dispatch that was stopped or broke: the ledger says, nobody guesses. Executes nothing. */
import type { RunToolInput, SettledToolOutput } from '../domain/schemas/step.ts';
import { admitDispatch } from './admit.ts';
import type { StepDependencies } from './dependencies.ts';
import { admitDriver } from './load-run.ts';
import type { DriverCheck } from './load-run.ts';
import { refuse } from './refuse.ts';
import { refused } from './refused.ts';
import { stepContext } from './step-context.ts';

export const readOutcome =
  (dependencies: Pick<StepDependencies, 'store' | 'clock'>, runs: DriverCheck) =>
  async ({ retry: _, ...input }: RunToolInput): Promise<SettledToolOutput> => {
    await admitDispatch(dependencies, input);
    await admitDriver(dependencies, runs, input);
    const { isInProcess, isCancelRequested } = stepContext();
    // A driver in this process also stops what is out where a run has no more time.
    const refusal =
      isInProcess && !isCancelRequested()
        ? refused('run_ended', 'The run ended before the call ran.', 'deny')
        : refused('run_cancelled', 'The run was cancelled before the call ran.', 'deny');
    return refuse(dependencies, input, refusal);
  };
