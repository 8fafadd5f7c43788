/** The run's steps as activities of its workflow. */
import { ActivityFailure, ApplicationFailure, CancellationScope, workflowInfo } from '@temporalio/workflow';
import { callModel, flush, flushLocally, readOutcome, runTool } from './activities.ts';
import type { LiveRun } from './live-run.ts';
import type { AgentRunInput } from './messages.ts';
import type { StepPort } from './step-port.ts';
import { openSubRuns } from './sub-runs.ts';

export const openTemporalSteps = (run: LiveRun, given: AgentRunInput): StepPort => {
  const scope = new CancellationScope();
  return {
    callModel: (input, { summary, timeoutMs }) =>
      callModel.executeWithOptions({ summary, startToCloseTimeout: timeoutMs ?? '1h' }, [input]),
    runTool: (input, { summary, timeoutMs }) =>
      runTool.executeWithOptions({ summary, startToCloseTimeout: timeoutMs ?? '10m' }, [input]),
    readOutcome: (input) => CancellationScope.nonCancellable(() => readOutcome(input)),
    async flush(input) {
      try {
        return await flushLocally(input());
      } catch {
        return await flush(input());
      }
    },
    task() {
      const { startTime, historyLength } = workflowInfo();
      return { task: { startedAt: startTime.getTime(), historyLength } };
    },
    subRuns: openSubRuns(given, run),
    launch: (work, settled) => void scope.run(work).then(settled),
    stop: () => scope.cancel(),
    failureOf(error) {
      const cause = error instanceof ActivityFailure ? error.cause : error;
      if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'step_failed', message: cause.message };
      return { code: 'step_stopped', message: 'The step was stopped before it answered.' };
    },
  };
};
