/** A step is for what drives runs of its agent, and for nothing else: a workflow, or a process. */
import { ApplicationFailure } from '@temporalio/common';
import type { RideAlong } from '../domain/schemas/step.ts';
import type { StepDependencies } from './dependencies.ts';
import { isClassic } from './pinned-run.ts';
import type { PinnedRun, PinnedRuns } from './pinned-run.ts';
import { reportForgery, reportingForgeries } from './report-refusal.ts';
import { stepContext } from './step-context.ts';

type Reporting = Pick<StepDependencies, 'store' | 'clock'>;

const foreignCaller = (): ApplicationFailure =>
  ApplicationFailure.nonRetryable('Runs of this agent are driven by something else.', 'foreign_caller');

const loadFor = async (pinnedRuns: PinnedRuns, { run }: RideAlong): Promise<PinnedRun> => {
  const pinned = await pinnedRuns.load(run);
  if (isClassic(pinned) !== stepContext().isInProcess) throw foreignCaller();
  return pinned;
};

export const loadRun = (reporting: Reporting, pinnedRuns: PinnedRuns, input: RideAlong): Promise<PinnedRun> =>
  reportingForgeries(reporting, input, loadFor(pinnedRuns, input));

export type DriverCheck = Pick<PinnedRuns, 'isClassic'>;

/** For steps that need nothing else of the run. The id of its workflow is anybody's where it has none. */
export const admitDriver = async (reporting: Reporting, runs: DriverCheck, input: RideAlong): Promise<void> => {
  if ((await runs.isClassic(input.run)) === stepContext().isInProcess) return;
  await reportForgery(reporting, input, 'foreign_caller');
  throw foreignCaller();
};
