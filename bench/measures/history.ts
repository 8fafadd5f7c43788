/** Temporal's history of a run, through every continue-as-new, cut into turns. */
import type { Client } from '@temporalio/client';
// A CommonJS module that names its exports at run time only.
import proto from '@temporalio/proto';
import type { temporal } from '@temporalio/proto';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
const { HistoryEvent } = proto.temporal.api.history.v1;
const { EventType } = proto.temporal.api.enums.v1;

export interface Cost {
  readonly events: number;
  readonly bytes: number;
}

export interface RunHistory {
  readonly whole: Cost;
  /** From one decision's arrival up to the next one's: what a turn with one approval costs. */
  readonly turns: readonly Cost[];
  readonly continuedAsNew: number;
}

const costOf = (events: readonly HistoryEvent[]): Cost => ({
  events: events.length,
  bytes: events.reduce((sum, event) => sum + HistoryEvent.encode(event).finish().length, 0),
});

const eventsOf = async (client: Client, workflowId: string, runId: string): Promise<HistoryEvent[]> => {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return events ?? [];
};

export const readHistory = async (client: Client, workflowId: string): Promise<RunHistory> => {
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const last = await eventsOf(client, workflowId, runId);
  const first = last[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? runId;
  const events: HistoryEvent[] = [];
  let continuedAsNew = 0;
  for (let next: string | undefined = first; next !== undefined && next !== '';) {
    const part: HistoryEvent[] = next === runId ? last : await eventsOf(client, workflowId, next);
    events.push(...part);
    next = part.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
    if (next !== undefined) continuedAsNew += 1;
  }
  const signals = events.flatMap(({ eventType }, index) =>
    eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED ? [index] : [],
  );
  const turns = signals.slice(1).map((end, index) => costOf(events.slice(signals[index], end)));
  return { whole: costOf(events), turns, continuedAsNew };
};
