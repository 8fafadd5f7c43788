/**
 * Has one call carried out by a worker of another task queue. Started by the gate, which has proven the call and reserved
 * its effect; what became of it is in the store, never here. Apart from the run's own workflow, so that the gate can be
 * lost and come back to it.
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import { TASK_OVER, TOOL_ACTIVITY } from '../domain/core/tool-task.ts';
import type { ToolTask, ToolTaskInput } from '../domain/schemas/tool-task.ts';

export async function toolTask({ task, taskQueue, startWithinMs, timeoutMs }: ToolTaskInput): Promise<void> {
  const { [TOOL_ACTIVITY]: carryOut } = proxyActivities<Record<string, (task: ToolTask) => Promise<unknown>>>({
    taskQueue,
    // No worker on the queue: the run says so and waits for an operator, instead of hanging.
    scheduleToStartTimeout: startWithinMs,
    startToCloseTimeout: timeoutMs,
    scheduleToCloseTimeout: startWithinMs + timeoutMs,
    // A worker that is gone is noticed within this; one that is there hears of a cancel with the answer to a beat.
    heartbeatTimeout: '10s',
    // A try that was lost before it claimed the call is tried again; of one that was lost after, the store knows, and
    // gives a call of effect `once` to nobody else.
    retry: { initialInterval: '200ms', maximumInterval: '5s', nonRetryableErrorTypes: [TASK_OVER] },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: `${task.tool} (${task.toolCallId})`,
  });
  if (!carryOut) return;
  try {
    await carryOut(task);
  } catch {
    // However it ended: the gate asks the store.
  }
}
