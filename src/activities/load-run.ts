/** The run a step works for, where the step was asked for by what drives runs of its agent: a workflow, or a process. */
import { ApplicationFailure } from '@temporalio/common';
import type { RideAlong } from '../domain/schemas/step.ts';
import type { StepDependencies } from './dependencies.ts';
import type { PinnedRun, PinnedRuns } from './pinned-run.ts';
import { reportingForgeries } from './report-refusal.ts';
import { stepContext } from './step-context.ts';

const loadFor = async (pinnedRuns: PinnedRuns, { run }: RideAlong): Promise<PinnedRun> => {
  const pinned = await pinnedRuns.load(run);
  const isClassic = pinned.definition.execution === 'classic';
  if (isClassic === stepContext().isInProcess) return pinned;
  throw ApplicationFailure.nonRetryable('Runs of this agent are driven by something else.', 'foreign_caller');
};

export const loadRun = (
  dependencies: Pick<StepDependencies, 'store' | 'clock'>,
  pinnedRuns: PinnedRuns,
  input: RideAlong,
): Promise<PinnedRun> => reportingForgeries(dependencies, input, loadFor(pinnedRuns, input));
