/**
 * The start of a sub-run, as it follows from its parent: the same call of the same run always gives the same bytes. Whoever
 * creates it and whoever acts for it derive it by this one function; nobody signs it.
 */
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { digestOf } from '../domain/core/digest.ts';
import { subRunId } from '../domain/core/ids.ts';
import { subRunSalt } from '../domain/core/sub-runs.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import type { StartCommand } from '../domain/schemas/command.ts';
import type { CallProof } from '../domain/schemas/transfer.ts';
import { saltedBlob } from '../store/blobs.ts';
import type { NewBlob } from '../store/blobs.ts';
import type { PinnedRun } from './pinned-run.ts';
import { underRulesOf } from './under-rules.ts';

export interface DerivedSubRun {
  readonly start: StartCommand;
  /** The start command as its row has it. */
  readonly bytes: string;
  readonly input: NewBlob;
  /** The agent's, under the deployment's rules that the parent has pinned. */
  readonly definition: AgentDefinition;
}

/** `task`: what the call asks the agent to do. */
export const deriveSubRun = (
  parent: PinnedRun,
  agent: AgentDefinition,
  call: CallProof,
  task: string,
): DerivedSubRun => {
  const { tenant, project, requester, contributors, salt, runId: parentRunId } = parent.start;
  const runId = subRunId(parent.rootRunId, parentRunId, call.toolCallId);
  const definition = underRulesOf(parent.definition, agent);
  const input = saltedBlob({ text: task }, subRunSalt(salt, runId, 'input'));
  const start: StartCommand = {
    type: 'start',
    tenant,
    project,
    runId,
    agent: agent.name,
    agentDigest: digestOf(canonicalJson(definition as unknown as JsonValue)),
    policyDigest: definition.policyDigest,
    requester,
    ...(contributors && { contributors }),
    inputRef: input.ref,
    salt: subRunSalt(salt, runId, 'run'),
    parent: {
      runId: parentRunId,
      ...call,
      path: [...parent.path],
      ...(parent.transfers && { transfers: [...parent.transfers] }),
    },
  };
  return { start, bytes: canonicalJson(start as unknown as JsonValue), input, definition };
};
