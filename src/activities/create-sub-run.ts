/** Makes the run that carries a proven call out. Its parent's workflow starts it: here is only its row. */
import type { SubAgent } from '../adapters/tools/tool.ts';
import { limitsOf } from '../domain/core/state.ts';
import type { RunToolInput, RunToolOutput } from '../domain/schemas/step.ts';
import { getRun } from '../store/run-rows.ts';
import { createSubRun as createRow } from '../store/sub-runs.ts';
import { deriveSubRun } from './derive-sub-run.ts';
import type { StepDependencies } from './dependencies.ts';
import { failed } from './execute-tool.ts';
import type { PinnedRun } from './pinned-run.ts';
import type { ProvenCall } from './prove-dispatch.ts';
import { refused } from './refused.ts';
import { settle } from './settle.ts';
import type { Attempt } from './settle.ts';
import { taskIn } from './sub-run-task.ts';

interface SubRunCall {
  readonly run: PinnedRun;
  readonly input: RunToolInput;
  readonly call: ProvenCall;
  readonly agent: SubAgent;
  readonly attempt: Attempt;
}

const rootOf = (run: PinnedRun): PinnedRun => (run.parent ? rootOf(run.parent.run) : run);

export const createSubRun = async (
  dependencies: StepDependencies,
  { run, input, call, agent, attempt }: SubRunCall,
): Promise<RunToolOutput['result']> => {
  const { store, clock, logger } = dependencies;
  const { tenant, project, runId: parentRunId, requester } = run.start;
  const { toolCallId, revision, basis, argumentsRef, factsRef, grantId } = input;
  const { maxDepth, maxSubRuns } = limitsOf(rootOf(run).definition);
  const refuseTask = (code: string, text: string) => settle(dependencies, input, attempt, failed(code, text));
  if (run.path.length > maxDepth)
    return refuseTask('too_deep', `No agent may be called ${maxDepth + 1} levels below the first one.`);
  const grant = basis === 'grant' && grantId !== undefined ? { grantId } : {};
  const given = { toolCallId, revision, basis, argumentsRef, factsRef, ...grant };
  const {
    start,
    bytes,
    input: task,
    definition,
  } = deriveSubRun(run, agent.definition, given, taskIn(call.arguments) ?? '');
  const { runId } = start;
  const startCommand = { bytes, jws: '' };
  const parent = await getRun(store, { tenant, project }, parentRunId);
  const outcome = await createRow(
    store,
    {
      tenant,
      project,
      runId,
      rootRunId: run.rootRunId,
      parentRunId,
      parentCallId: toolCallId,
      agent: start.agent,
      agentDigest: start.agentDigest,
      policyDigest: start.policyDigest,
      requester: requester.principal,
      requesterGroups: requester.groups,
      startedBy: parent?.startedBy ?? null,
      inputRef: task.ref,
      conversationId: null,
      labels: {},
      idempotencyKey: null,
      requestDigest: call.digest,
      startCommand,
      createdAt: await clock.nowMs(),
    },
    { definition, blobs: [task], maxSubRuns },
  );
  switch (outcome) {
    case 'created':
    case 'existing': {
      logger.info({ runId, parentRunId, toolCallId, agent: start.agent, outcome }, 'subrun.create_completed');
      const { epoch, nonce } = attempt;
      return {
        type: 'sub_run',
        runId,
        agent: start.agent,
        start: startCommand,
        limits: definition.limits,
        epoch,
        nonce,
      };
    }
    case 'too_many':
      return refuseTask('too_many_sub_runs', `This run has had its ${maxSubRuns} calls of agents.`);
    case 'run_over':
      return refused('run_over', 'The run is over.', 'deny');
    case 'conflict':
      return refused('sub_run_conflict', 'The store has another run in the place of this one.');
  }
};
