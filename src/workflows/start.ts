/** Reads the start command. Its signature is checked by the steps, which act; a forged one gets no further than them. */
import { ApplicationFailure } from '@temporalio/workflow';
import { parseWorkflowId, rootRunIdOf, workflowId } from '../domain/core/ids.ts';
import type { RunIdentity } from '../domain/core/state.ts';
import { pathOf } from '../domain/core/sub-runs.ts';
import type { SignedCommand, StartCommand } from '../domain/schemas/command.ts';
import type { BlobRef } from '../domain/schemas/names.ts';

export interface RunBeginning {
  readonly identity: RunIdentity;
  readonly contributors: readonly string[] | undefined;
  readonly input: {
    readonly inputRef: BlobRef;
    readonly conversationId?: string;
    readonly stateRef?: BlobRef;
    readonly parent?: { readonly runId: string; readonly toolCallId: string };
  };
}

const refuse = (message: string): never => {
  throw ApplicationFailure.nonRetryable(message, 'invalid_start');
};

const read = (signed: SignedCommand): StartCommand => {
  try {
    return JSON.parse(signed.bytes) as StartCommand;
  } catch {
    return refuse('The start command is not JSON. Start runs through the bridge.');
  }
};

export const startOf = (signed: SignedCommand, id: string): RunBeginning => {
  const start = read(signed);
  if (start?.type !== 'start' || !parseWorkflowId(id) || workflowId(start) !== id)
    return refuse('The start command names another workflow. Start runs through the bridge.');
  const { tenant, project, runId, agent, agentDigest, policyDigest, requester } = start;
  const { inputRef, conversationId, stateRef, parent } = start;
  const rootRunId = rootRunIdOf(runId);
  const path = pathOf(start);
  return {
    identity: { tenant, project, runId, rootRunId, path, agent, agentDigest, policyDigest, requester },
    contributors: start.contributors,
    input: {
      inputRef,
      ...(conversationId && { conversationId }),
      ...(stateRef && { stateRef }),
      ...(parent && { parent: { runId: parent.runId, toolCallId: parent.toolCallId } }),
    },
  };
};
