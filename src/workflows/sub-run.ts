/** A call that another agent carries out: its run is a child workflow, and nothing but this waits for it. */
import { CancellationScope, ParentClosePolicy, startChild, ChildWorkflowCancellationType } from '@temporalio/workflow';
import { workflowId } from '../domain/core/ids.ts';
import type { CoreCommand } from '../domain/core/decide.ts';
import type { ReadyCall } from '../domain/core/state.ts';
import type { CreatedSubRun, RunToolInput } from '../domain/schemas/step.ts';
import { settleSubRun } from './activities.ts';
import type { LiveRun } from './live-run.ts';
import { AGENT_RUN } from './messages.ts';
import type { AgentRunInput } from './messages.ts';

/** As for every run: a worker that was killed holds a workflow task no longer than this. */
const WORKFLOW_TASK_TIMEOUT = '3s';

const inputOf = (given: AgentRunInput, run: LiveRun, { start, limits }: CreatedSubRun): AgentRunInput => {
  const { contributors } = run.state;
  const { carry: _, contributors: __, ...rest } = given;
  return { ...rest, start, limits, ...(contributors && { contributors }) };
};

const attributesOf = (agent: string, { tenant, project }: { tenant: string; project: string }) =>
  Object.entries({ Tenant: tenant, Project: project, Agent: agent, Status: 'running' }).map(([name, value]) => ({
    key: { name: `Countersign${name}`, type: 'KEYWORD' as const },
    value,
  }));

/** Until its workflow has ended, however it ended; says whether it ever began. What it came to is in the store. */
const runToItsEnd = async (
  given: AgentRunInput,
  run: LiveRun,
  call: ReadyCall,
  created: CreatedSubRun,
): Promise<{ readonly began: boolean }> => {
  const { tenant, project } = run.state.identity;
  const { runId, agent } = created;
  let began = false;
  const work = async (): Promise<void> => {
    const child = await startChild(AGENT_RUN, {
      workflowId: workflowId({ tenant, project, runId }),
      args: [inputOf(given, run, created)],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      // Nothing is orphaned: it ends in order where its parent's workflow is ended from outside.
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      staticSummary: `Agent run of ${agent} (${call.toolCallId})`,
      priority: { fairnessKey: tenant },
      ...(given.searchAttributes && { typedSearchAttributes: attributesOf(agent, { tenant, project }) }),
    });
    began = true;
    await child.result();
  };
  try {
    if (call.timeoutMs === undefined) await work();
    else await CancellationScope.withTimeout(call.timeoutMs, work);
  } catch (error) {
    // Stopped before it began, lost, terminated, or begun before: whichever it is, its row says how it ended.
    if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError') began = true;
  }
  return { began };
};

export const followSubRun = async (
  given: AgentRunInput,
  run: LiveRun,
  call: ReadyCall,
  created: CreatedSubRun,
  dispatch: () => RunToolInput,
): Promise<CoreCommand> => {
  const { began } = await runToItsEnd(given, run, call, created);
  const { runId, epoch, nonce } = created;
  const subRun = { runId, epoch, nonce };
  // A run that is being cancelled records what became of its sub-runs first.
  const answer = await CancellationScope.nonCancellable(() =>
    settleSubRun({ ...dispatch(), subRun, ...(!began && { neverStarted: true as const }) }),
  );
  run.acknowledge(answer);
  const { result, usage } = answer;
  return { type: 'tool_settled', toolCallId: call.toolCallId, result, subRun: { runId, usage } };
};
