/** What somebody with access to Temporal can run: a workflow of their own that asks our workers for steps. */
import { ActivityFailure, ApplicationFailure, proxyActivities } from '@temporalio/workflow';

export interface ForgedStep {
  readonly taskQueue: string;
  readonly step: string;
  readonly input: unknown;
}

export async function forgedDispatch({ taskQueue, step, input }: ForgedStep): Promise<unknown> {
  const steps = proxyActivities<Record<string, (given: unknown) => Promise<{ readonly result?: unknown }>>>({
    taskQueue,
    startToCloseTimeout: '20s',
    retry: { maximumAttempts: 2 },
  });
  try {
    return (await steps[step]?.(input))?.result ?? 'done';
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    return cause instanceof ApplicationFailure
      ? { type: 'failed_for_good', code: cause.type }
      : { type: String(cause) };
  }
}

/** Under the name of our own workflow: names prove nothing. */
export const agentRun = forgedDispatch;
