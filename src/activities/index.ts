/** Everything the worker registers. */
import type { RunActivities } from '../domain/schemas/step.ts';
import { callModel } from './call-model.ts';
import { createCurrentPolicies } from './current-policy.ts';
import type { StepDependencies } from './dependencies.ts';
import { flush } from './flush.ts';
import { createPinnedRuns } from './pinned-run.ts';
import { readOutcome } from './read-outcome.ts';
import { createRunStates } from './run-state.ts';
import { runTool } from './run-tool.ts';
import { settleSubRun } from './settle-sub-run.ts';
import { createTranscripts } from './transcript.ts';

export const createActivities = (dependencies: StepDependencies): RunActivities => {
  const transcripts = createTranscripts(dependencies.store);
  const policies = createCurrentPolicies(dependencies.store);
  const pinnedRuns = createPinnedRuns(dependencies, policies);
  const states = createRunStates(dependencies.store);
  return {
    callModel: callModel(dependencies, pinnedRuns, transcripts),
    runTool: runTool({ dependencies, pinnedRuns, policies, states }),
    readOutcome: readOutcome(dependencies, pinnedRuns),
    settleSubRun: settleSubRun(dependencies, pinnedRuns),
    flush: flush(dependencies, pinnedRuns),
    flushLocally: flush(dependencies, pinnedRuns),
  };
};
