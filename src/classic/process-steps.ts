/** The run's steps as calls in this process: the same steps that a worker performs as activities. */
import { randomUUID } from 'node:crypto';
import { performInProcess } from '../activities/step-context.ts';
import { BROKEN_STEP, stepFaultOf } from '../activities/step-fault.ts';
import type { StepFault } from '../activities/step-fault.ts';
import { workflowId } from '../domain/core/ids.ts';
import type { RideAlong, RunActivities } from '../domain/schemas/step.ts';
import type { Logger } from '../platform/logger.ts';
import type { StepPort } from '../workflows/step-port.ts';
import { StepStoppedError, withRetries } from './with-retries.ts';

/** Why a run ends before it is done. */
export interface Halt {
  readonly code: string;
  readonly detail: string;
}

export interface ProcessSteps extends StepPort {
  /** Stops what is out, as nobody has asked for: what a model has said so far counts for nothing. */
  abandon(halt: Halt): void;
}

const NEVER = new AbortController().signal;

export const openProcessSteps = (steps: RunActivities, logger: Logger): ProcessSteps => {
  const stopping = new AbortController();
  let abandoned: Halt | undefined;

  const perform = <I extends RideAlong, O>(
    name: keyof RunActivities,
    step: (input: I) => Promise<O>,
    inputOf: () => I,
    signal: AbortSignal,
  ): Promise<O> => {
    const stepId = randomUUID();
    const onFault = ({ code }: StepFault, error: unknown, attempt: number): void => {
      const ids = { runId: inputOf().run.runId, step: name, attempt, code };
      // A step that waits for a brake or a slot says so with a code of its own.
      if (code === BROKEN_STEP) logger.warn({ ...ids, err: error }, 'step.attempt_failed');
      else logger.debug(ids, 'step.attempt_deferred');
    };
    return withRetries({ stopped: signal, onFault }, (attempt) => {
      const input = inputOf();
      const context = {
        attempt,
        step: name,
        stepId,
        caller: workflowId(input.run),
        isRecorded: true,
        signal,
        isCancelRequested: () => stopping.signal.aborted && abandoned === undefined,
        heartbeat: () => undefined,
      };
      return performInProcess(context, () => step(input));
    });
  };

  return {
    async callModel(input) {
      try {
        return await perform('callModel', steps.callModel, () => input, stopping.signal);
      } catch (error) {
        if (!abandoned || !(error instanceof StepStoppedError)) throw error;
        const { code, detail: message } = abandoned;
        return { acknowledged: 0, result: { type: 'failed', code, message, retryable: false } };
      }
    },
    runTool: (input) => perform('runTool', steps.runTool, () => input, stopping.signal),
    readOutcome: (input) => perform('readOutcome', steps.readOutcome, () => input, NEVER),
    flush: (inputOf) => perform('flush', steps.flush, inputOf, NEVER),
    // Nothing is lost and done again: a process that is gone drives nothing any more.
    task: () => ({}),
    // No tool of such an agent is another agent: its definition says so before anything runs.
    subRuns: {
      follow: () => Promise.reject(new Error('A run of classic execution calls no other agent.')),
      block: () => undefined,
    },
    launch: (work, settled) => void work().then(settled),
    stop: () => stopping.abort(),
    abandon(halt) {
      abandoned ??= halt;
      stopping.abort();
    },
    failureOf: (error) =>
      error instanceof StepStoppedError
        ? { code: 'step_stopped', message: 'The step was stopped before it answered.' }
        : stepFaultOf(error),
  };
};
