import type { ReportTask, ReportedTask } from '../../contract/tool-tasks.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import type { ToolOutcome } from '../../domain/schemas/step.ts';
import { makeBlob } from '../../store/blobs.ts';
import type { NewBlob } from '../../store/blobs.ts';
import { getToolTask, reportToolTask } from '../../store/tool-tasks.ts';
import type { Api, Caller } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';

/** Throws the problem where the call is not the claimant's. */
export async function reportTask(api: Api, caller: Caller, taskId: string, report: ReportTask): Promise<ReportedTask> {
  const { store, clock, gateway } = api;
  const { scope } = caller;
  const blob = contentOf(report.outcome);
  const outcome = outcomeOf(report.outcome, blob);
  const nowMs = await clock.nowMs();
  const state = await reportToolTask(store, scope, { taskId, claimant: report.claimant, outcome, blob, nowMs });
  if (state === 'unknown') throw new HttpProblem('task_not_found');
  if (state === 'taken') throw new HttpProblem('task_taken');
  const task = await getToolTask(store, scope, taskId);
  // The gate had given it up: the run may be parked over it, and can go on now.
  if (task?.closedAt) await gateway.recheck({ ...scope, runId: task.runId }, task.toolCallId);
  return { taskId, outcome: task?.outcome ?? outcome.type };
}

const contentOf = (given: ReportTask['outcome']): NewBlob =>
  // The body was parsed from JSON.
  makeBlob(given.type === 'completed' ? { result: given.result as JsonValue } : { text: given.message });

const outcomeOf = (given: ReportTask['outcome'], { ref }: NewBlob): ToolOutcome =>
  given.type === 'completed'
    ? { type: 'completed', resultRef: ref }
    : { type: 'failed', code: given.code, reasonRef: ref };
