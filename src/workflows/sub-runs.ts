/** Calls that other agents carry out: each run is a child workflow, and nothing but this waits for it. */
import { CancellationScope, ChildWorkflowCancellationType, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import { workflowId } from '../domain/core/ids.ts';
import { isBlocked } from '../domain/core/state.ts';
import type { ReadyCall } from '../domain/core/state.ts';
import type { CreatedSubRun } from '../domain/schemas/step.ts';
import { settleSubRun } from './activities.ts';
import type { LiveRun } from './live-run.ts';
import { AGENT_RUN, blockedAboveSignal } from './messages.ts';
import type { AgentRunInput, RunStatusView } from './messages.ts';
import type { SubRuns } from './step-port.ts';

/** As for every run: a worker that was killed holds a workflow task no longer than this. */
const WORKFLOW_TASK_TIMEOUT = '3s';

type Child = ChildWorkflowHandle<(input: AgentRunInput) => Promise<RunStatusView>>;

const inputOf = (given: AgentRunInput, { state }: LiveRun, { start, limits }: CreatedSubRun): AgentRunInput => {
  const { contributors } = state;
  const { carry: _, contributors: __, blockedAbove: ___, ...rest } = given;
  return {
    ...rest,
    start,
    limits,
    ...(contributors && { contributors }),
    ...(isBlocked(state) && { blockedAbove: true as const }),
  };
};

const attributesOf = (agent: string, { tenant, project }: { tenant: string; project: string }) =>
  Object.entries({ Tenant: tenant, Project: project, Agent: agent, Status: 'running' }).map(([name, value]) => ({
    key: { name: `Countersign${name}`, type: 'KEYWORD' as const },
    value,
  }));

export const openSubRuns = (given: AgentRunInput, run: LiveRun): SubRuns => {
  const out = new Set<Child>();

  const start = (call: ReadyCall, created: CreatedSubRun): Promise<Child> => {
    const { tenant, project } = run.state.identity;
    const { runId, agent } = created;
    return startChild(AGENT_RUN, {
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
  };

  /** Says whether its workflow ever began. */
  const runToItsEnd = async (call: ReadyCall, created: CreatedSubRun): Promise<boolean> => {
    let child: Child | undefined;
    const work = async (): Promise<void> => {
      const wasBlocked = isBlocked(run.state);
      child = await start(call, created);
      out.add(child);
      if (isBlocked(run.state) && !wasBlocked) sendBlock(child);
      await child.result();
    };
    try {
      if (call.timeoutMs === undefined) await work();
      else await CancellationScope.withTimeout(call.timeoutMs, work);
    } catch (error) {
      // Stopped before it began, lost, terminated, or begun before: whichever it is, its row says how it ended.
      if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError') return true;
    }
    if (child) out.delete(child);
    return child !== undefined;
  };

  return {
    async follow(call, created, dispatch) {
      const began = await runToItsEnd(call, created);
      const { runId, epoch, nonce } = created;
      const subRun = { runId, epoch, nonce };
      // A run that is being cancelled records what became of its sub-runs first.
      const answer = await CancellationScope.nonCancellable(() =>
        settleSubRun({ ...dispatch(), subRun, ...(!began && { neverStarted: true as const }) }),
      );
      run.acknowledge(answer);
      const { result, usage, limit } = answer;
      return {
        type: 'tool_settled',
        toolCallId: call.toolCallId,
        result,
        subRun: { runId, usage, ...(limit && { limit }) },
      };
    },
    block() {
      for (const child of out) sendBlock(child);
    },
  };
};

/** One that has ended needs no block. */
const sendBlock = (child: Child): void => {
  child.signal(blockedAboveSignal).catch(() => undefined);
};
