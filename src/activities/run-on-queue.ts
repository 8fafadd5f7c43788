/**
 * A proven call whose effect is reserved, carried out by a worker of another task queue. A small workflow of its own waits
 * for that worker; who may begin, and what became of it, is the store's to say. A step that is lost meanwhile is tried
 * again and comes back to the same task.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure, Context, getClient } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { toolTaskId, toolTaskWorkflowId } from '../domain/core/ids.ts';
import { TOOL_TASK } from '../domain/core/tool-task.ts';
import type { ToolQueue } from '../domain/schemas/agent.ts';
import type { Scope } from '../domain/schemas/names.ts';
import type { RunToolInput } from '../domain/schemas/step.ts';
import { ToolTask } from '../domain/schemas/tool-task.ts';
import type { ToolTaskInput } from '../domain/schemas/tool-task.ts';
import { toolDefinition } from '../adapters/tools/tool-definition.ts';
import { appendEvents } from '../store/events.ts';
import { readBlobs } from '../store/blobs.ts';
import { closeToolTask, getToolTask, putToolTask, reportedOutcome } from '../store/tool-tasks.ts';
import type { NewToolTask } from '../store/tool-tasks.ts';
import type { StepDependencies } from './dependencies.ts';
import { completed, failed } from './execute-tool.ts';
import type { Executed } from './execute-tool.ts';
import { isCancelRequested } from './heartbeats.ts';
import { dispatchOf } from './refuse.ts';
import { refused } from './refused.ts';
import type { Refused } from './refused.ts';
import type { ReadyCall } from './with-credential.ts';

/** How long a worker that was told to stop may take to say what became of the call. */
const STOP_GRACE_MS = 12_000;
const WORKFLOW_TASK_TIMEOUT = '3s';

/** The same for every attempt at one dispatch: it is the attempt that the ledger knows. */
export const taskIdOf = (input: RunToolInput, effectKey: string): string =>
  toolTaskId(input.run.tenant, effectKey, dispatchOf(input));

export interface QueuedCall {
  readonly input: RunToolInput;
  readonly call: ReadyCall;
  readonly queue: ToolQueue;
  readonly agent: string;
  readonly effectKey: string;
  readonly epoch: number;
  readonly taskId: string;
  readonly signal: AbortSignal;
}

/** Undefined where nobody knows whether it had its effect. A refusal where nothing has begun, and nothing will. */
export const runOnQueue = async (
  dependencies: StepDependencies,
  queued: QueuedCall,
): Promise<Executed | Refused | undefined> => {
  const { store, clock, logger } = dependencies;
  const { input, call, queue, taskId, signal } = queued;
  const task = taskOf(queued, await clock.nowMs());
  await putToolTask(store, task);
  await tellQueued(dependencies, queued, task.startBy);
  logger.info({ runId: task.runId, toolCallId: task.toolCallId, taskId, taskQueue: queue.name }, 'tool.queue_started');
  await untilEnded(queued);
  const nowMs = await clock.nowMs();
  switch (await closeToolTask(store, task.tenant, { taskId, dispatch: dispatchOf(input), nowMs })) {
    case 'reported':
      return reported(dependencies, call, task, taskId);
    case 'begun':
      logger.warn({ runId: task.runId, toolCallId: task.toolCallId, taskId }, 'tool.queue_lost');
      if (call.tool.effect === 'once') return undefined;
      return failed('tool_worker_lost', 'The worker that had taken this call has not said how it ended.');
    case 'not_begun':
      if (signal.aborted) return refused('run_cancelled', 'The run was cancelled.', 'deny');
      return refused(
        'no_tool_worker',
        `No worker on the task queue ${queue.name} has taken this call in time; nothing has begun. ` +
          'Start one there, then resolve this call with retry.',
      );
  }
};

/** What a worker has reported of a task that the gate had given up. */
export const lateReport = async (
  dependencies: StepDependencies,
  call: ReadyCall,
  scope: Scope,
  taskId: string,
): Promise<Executed | undefined> => {
  const task = await getToolTask(dependencies.store, scope, taskId);
  return task?.outcome ? reported(dependencies, call, scope, taskId) : undefined;
};

function taskOf({ input, call, queue, agent, effectKey, epoch, taskId }: QueuedCall, nowMs: number): NewToolTask {
  const { tenant, project, runId } = input.run;
  const { tool, digest, executeBy = Infinity } = call;
  return {
    tenant,
    taskId,
    project,
    runId,
    agent,
    tool: tool.name,
    toolCallId: input.toolCallId,
    definitionDigest: toolDefinition(tool).definitionDigest,
    taskQueue: queue.name,
    effectKey,
    epoch,
    effect: tool.effect,
    digest,
    argumentsSha256: Buffer.from(input.argumentsRef.sha256, 'hex'),
    argumentsBytes: input.argumentsRef.bytes,
    timeoutMs: tool.timeoutMs,
    createdAt: nowMs,
    // Consent that runs out while the call waits lets nobody begin.
    startBy: Math.min(nowMs + queue.startWithinMs, executeBy),
  };
}

async function tellQueued(
  { store, clock }: StepDependencies,
  { input, queue, taskId }: QueuedCall,
  startBy: number,
): Promise<void> {
  const { tenant, project, rootRunId, runId } = input.run;
  const { toolCallId, tool } = input;
  const data = { toolCallId, tool, taskId, taskQueue: queue.name, startBy };
  const event = { type: 'tool.queued', at: await clock.nowMs(), data } as const;
  const told = { tenant, project, rootRunId, runId, origin: `queued:${taskId}` };
  await appendEvents(store, { ...told, events: [{ ordinal: 1, event }] });
}

/** However the task ends. Throws where this worker leaves: the step goes on elsewhere, with the same task. */
async function untilEnded(queued: QueuedCall): Promise<void> {
  const { input, taskId, signal } = queued;
  const { workflow } = getClient();
  await start(queued);
  const handle = workflow.getHandle(toolTaskWorkflowId(input.run, taskId));
  const ended = handle.result().catch((error: unknown) => {
    // Somebody has ended it in Temporal. Anything else is an outage: the step is tried again.
    if (!(error instanceof Error && error.name === 'WorkflowFailedError')) throw error;
  });
  const stopped = once(signal);
  await Promise.race([ended, stopped.promise]).finally(stopped.forget);
  if (!signal.aborted) return;
  // Nobody may be left to hear of it.
  ended.catch(() => undefined);
  if (!isCancelRequested()) throw ApplicationFailure.retryable('This worker leaves.', 'worker_leaving');
  await handle.cancel();
  await Promise.race([ended, delay(STOP_GRACE_MS, undefined, { ref: false })]);
}

/** Where another attempt at this step has started it, it is the same task. */
async function start({ input, call, queue, effectKey, taskId }: QueuedCall): Promise<void> {
  const { tenant, runId } = input.run;
  const { tool, digest } = call;
  const { definitionDigest } = toolDefinition(tool);
  const task = {
    v: 1,
    taskId,
    runId,
    toolCallId: input.toolCallId,
    tool: tool.name,
    definitionDigest,
    effectKey,
    digest,
  };
  const given: ToolTaskInput = {
    v: 1,
    task: ToolTask.parse(task),
    taskQueue: queue.name,
    startWithinMs: queue.startWithinMs,
    timeoutMs: tool.timeoutMs,
  };
  try {
    await getClient().workflow.start(TOOL_TASK, {
      workflowId: toolTaskWorkflowId(input.run, taskId),
      taskQueue: Context.current().info.taskQueue,
      args: [given],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      staticSummary: `${tool.name} on ${queue.name}`,
      priority: { fairnessKey: tenant },
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** Settles when the signal aborts. */
function once(signal: AbortSignal): { readonly promise: Promise<void>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  const aborted = () => resolve();
  signal.addEventListener('abort', aborted, { once: true });
  return { promise, forget: () => signal.removeEventListener('abort', aborted) };
}

/** What the worker reported, as far as it is what the tool declares. */
async function reported(
  { store }: StepDependencies,
  { tool }: ReadyCall,
  scope: Scope,
  taskId: string,
): Promise<Executed> {
  const task = await getToolTask(store, scope, taskId);
  const outcome = task && reportedOutcome(task);
  if (!outcome) throw new Error('A task that is reported has an outcome.');
  if (outcome.type === 'failed' || !tool.checkResult) return { outcome, attached: [] };
  const { sha256 } = outcome.resultRef;
  const content = (await readBlobs(store, scope.tenant, [sha256])).get(sha256) as { readonly result: JsonValue };
  const checked = tool.checkResult(content.result);
  if (!checked.ok) return failed('invalid_output', checked.message);
  return canonicalJson(checked.value) === canonicalJson(content.result)
    ? { outcome, attached: [] }
    : completed(checked.value);
}
