/** What Temporal remembers of a run, as much of it as evidence needs: plain data, read by a process of its own. */
import { z } from 'zod';

/** Of a signal's or activity's input, what its first argument is. */
const Signal = z.object({ name: z.string(), argument: z.unknown() });
const Activity = z.object({ type: z.string(), argument: z.unknown() });

/** One execution: a run that was continued as new has several. */
export const WorkflowExecution = z.object({
  executionId: z.string(),
  workflowType: z.string(),
  argument: z.unknown(),
  signals: z.array(Signal),
  activities: z.array(Activity),
  /** How it ended; `running` where it has not. */
  end: z.string(),
});
export type WorkflowExecution = z.infer<typeof WorkflowExecution>;

/** From the first execution to the last. None: Temporal does not know the run, or no longer. */
export const WorkflowHistory = z.object({ workflowId: z.string(), executions: z.array(WorkflowExecution) });
export type WorkflowHistory = z.infer<typeof WorkflowHistory>;
