/**
 * Who performs a step, and for whom: Temporal, as the activity of a workflow, or a driver in this process, as a call. Steps
 * ask here, so that they are the same for both.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Context } from '@temporalio/activity';

export interface StepContext {
  /** False where Temporal performs it. */
  readonly isInProcess: boolean;
  /** Of the same step, from 1. */
  readonly attempt: number;
  /** Name of the step. */
  readonly step: string;
  /** Id of the workflow that asks, which a driver in this process goes by too. */
  readonly caller: string | undefined;
  /** The same for all attempts of one step. */
  readonly stepId: string;
  /** Whatever asks for it is on record. Not yet, where a local activity runs. */
  readonly isRecorded: boolean;
  /** Aborts when the run is cancelled, the step's time is over, or the process is about to end. */
  readonly signal: AbortSignal;
  /** Somebody asked to stop, as against a deploy that takes the process away. */
  isCancelRequested(): boolean;
  heartbeat(): void;
}

const inProcess = new AsyncLocalStorage<StepContext>();

/** Performs a step in this process: a driver's way to ask for one. */
export const performInProcess = <T>(context: Omit<StepContext, 'isInProcess'>, step: () => Promise<T>): Promise<T> =>
  inProcess.run({ ...context, isInProcess: true }, step);

const fromTemporal = (context: Context): StepContext => {
  const { attempt, activityType, activityId, workflowExecution, isLocal } = context.info;
  return {
    isInProcess: false,
    attempt,
    step: activityType,
    caller: workflowExecution?.workflowId,
    stepId: activityId,
    isRecorded: !isLocal,
    signal: context.cancellationSignal,
    isCancelRequested: () => context.cancellationDetails?.cancelRequested === true,
    heartbeat: () => context.heartbeat(),
  };
};

export const stepContext = (): StepContext => inProcess.getStore() ?? fromTemporal(Context.current());
