/** Forged dispatches leave a trace in the tenant's audit log, whatever becomes of the run. */
import { ApplicationFailure } from '@temporalio/common';
import type { RideAlong, RunToolInput } from '../domain/schemas/step.ts';
import { appendAudit } from '../store/audit-events.ts';
import type { StepDependencies } from './dependencies.ts';
import { isSuspicious } from './refused.ts';
import type { Refused } from './refused.ts';
import { stepContext } from './step-context.ts';

type Reporting = Pick<StepDependencies, 'store' | 'clock'>;

/** Ids and codes, never content. The names of the caller are what Temporal says of it. */
const dataOf = (input: RideAlong & Partial<RunToolInput>, code: string) => {
  const { run, toolCallId, basis, grantId } = input;
  const { step, caller } = stepContext();
  return {
    code,
    project: run.project,
    runId: run.runId,
    step,
    ...(toolCallId !== undefined && { toolCallId }),
    ...(basis !== undefined && { basis }),
    ...(grantId !== undefined && { grantId }),
    ...(caller !== undefined && { workflowId: caller.slice(0, 300) }),
  };
};

export const reportForgery = async ({ store, clock }: Reporting, input: RideAlong, code: string): Promise<void> => {
  const at = await clock.nowMs();
  await appendAudit(store, input.run.tenant, [{ type: 'gate.refused', at, data: dataOf(input, code) }]);
};

export const reportRefusal = async (reporting: Reporting, input: RideAlong, refusal: Refused): Promise<void> => {
  if (isSuspicious(refusal)) await reportForgery(reporting, input, refusal.code);
};

/** A run that is not what was signed fails its step for good, and that is told. */
export const reportingForgeries = async <T>(reporting: Reporting, input: RideAlong, load: Promise<T>): Promise<T> => {
  try {
    return await load;
  } catch (error) {
    if (error instanceof ApplicationFailure && error.nonRetryable)
      await reportForgery(reporting, input, error.type ?? 'unknown_run');
    throw error;
  }
};
