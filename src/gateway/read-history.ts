/** Reads what Temporal remembers of a run: for whoever holds evidence against it. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { WorkflowExecution, WorkflowHistory } from '../domain/evidence/workflow-history.ts';

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];
type Payloads = { payloads?: Parameters<typeof defaultPayloadConverter.fromPayload>[0][] | null } | null | undefined;

const firstArgument = (input: Payloads): unknown => {
  const payload = input?.payloads?.[0];
  if (!payload) return undefined;
  try {
    return defaultPayloadConverter.fromPayload(payload);
  } catch {
    // A payload that nobody of ours has made.
    return undefined;
  }
};

const endOf = (event: HistoryEvent | undefined): string => {
  if (event?.workflowExecutionCompletedEventAttributes) return 'completed';
  if (event?.workflowExecutionFailedEventAttributes) return 'failed';
  if (event?.workflowExecutionTerminatedEventAttributes) return 'terminated';
  if (event?.workflowExecutionTimedOutEventAttributes) return 'timed_out';
  if (event?.workflowExecutionCanceledEventAttributes) return 'cancelled';
  if (event?.workflowExecutionContinuedAsNewEventAttributes) return 'continued_as_new';
  return 'running';
};

const executionOf = (executionId: string, { events }: History): WorkflowExecution & { readonly before: string } => {
  const all = events ?? [];
  const started = all[0]?.workflowExecutionStartedEventAttributes;
  return {
    executionId,
    workflowType: started?.workflowType?.name ?? '',
    argument: firstArgument(started?.input),
    signals: all.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
      signal ? [{ name: signal.signalName ?? '', argument: firstArgument(signal.input) }] : [],
    ),
    activities: all.flatMap(({ activityTaskScheduledEventAttributes: activity }) =>
      activity ? [{ type: activity.activityType?.name ?? '', argument: firstArgument(activity.input) }] : [],
    ),
    end: endOf(all.at(-1)),
    before: started?.continuedExecutionRunId ?? '',
  };
};

/** From the last execution back to the first: a run that was continued as new has several. */
export const readWorkflowHistory = async (client: Client, workflowId: string): Promise<WorkflowHistory> => {
  const executions: WorkflowExecution[] = [];
  try {
    const { runId: last } = await client.workflow.getHandle(workflowId).describe();
    for (let executionId = last; executionId !== '';) {
      const history = await client.workflow.getHandle(workflowId, executionId).fetchHistory();
      const { before, ...execution } = executionOf(executionId, history);
      executions.unshift(execution);
      executionId = before;
    }
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  return { workflowId, executions };
};
