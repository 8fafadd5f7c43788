/** What a run begins with, as its start command says. */
import { rootRunIdOf } from '../domain/core/ids.ts';
import type { RunIdentity } from '../domain/core/state.ts';
import { pathOf } from '../domain/core/sub-runs.ts';
import type { StartCommand } from '../domain/schemas/command.ts';
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

export const beginningOf = (start: StartCommand): RunBeginning => {
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
