/**
 * Whether a call that another agent stands behind was really dispatched: the ledger has it, and the reason why it might run
 * still proves itself from signatures. What only holds today counts for nothing.
 */
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { judgeArguments } from '../domain/consent/judge-call.ts';
import type { CallContext } from '../domain/consent/judge-call.ts';
import { digestOf } from '../domain/core/digest.ts';
import { approvalId, effectKey } from '../domain/core/ids.ts';
import type { AgentDefinition, ToolDefinition } from '../domain/schemas/agent.ts';
import { DecideCommand } from '../domain/schemas/command.ts';
import type { SignedCommand } from '../domain/schemas/command.ts';
import { RecordedFacts } from '../domain/schemas/content.ts';
import type { CallProof } from '../domain/schemas/transfer.ts';
import { getApproval } from '../store/approvals.ts';
import { readBlobs } from '../store/blobs.ts';
import { readCommands } from '../store/commands.ts';
import { getDefinition } from '../store/definitions.ts';
import { readEffect } from '../store/read-effect.ts';
import type { EffectRow } from '../store/read-effect.ts';
import type { PinnedRun } from './pinned-run.ts';
import { proveBasis } from './prove-dispatch.ts';
import type { Prover } from './prover.ts';
import type { Subject } from './subject.ts';

export interface PastCall {
  readonly ok: true;
  /** The agent that the tool means, as it was registered. */
  readonly agent: AgentDefinition;
  readonly arguments: JsonValue;
  readonly ledger: EffectRow;
}

type Unproven = { readonly ok: false; readonly code: string };

const fault = (code: string): Unproven => ({ ok: false, code });

/** The signed decisions that the approval counted. */
const evidenceFor = async (prover: Prover, run: PinnedRun, id: string): Promise<readonly SignedCommand[]> => {
  const { store } = prover.dependencies;
  const approval = await getApproval(store, run.start, id);
  const counted = [...(approval?.votes ?? []), ...(approval?.decision ? [approval.decision] : [])];
  const commands = await readCommands(store, run.start, run.start.runId);
  return commands.flatMap(({ type, signed }) => {
    if (type !== 'decide') return [];
    const decision = DecideCommand.safeParse(JSON.parse(signed.bytes)).data;
    return counted.some(({ decisionId }) => decisionId === decision?.decisionId) ? [signed] : [];
  });
};

const subjectOf = async (
  prover: Prover,
  run: PinnedRun,
  call: CallProof,
  context: CallContext,
  args: JsonValue,
  ledger: EffectRow,
): Promise<Subject> => {
  const { tenant, project, runId, agentDigest } = run.start;
  const { toolCallId, revision, basis, argumentsRef, factsRef, grantId } = call;
  const isConsented = basis === 'consent';
  const verdict = judgeArguments(context, args);
  return {
    type: 'subject',
    run,
    input: {
      run: { tenant, project, runId, rootRunId: run.rootRunId, agentDigest },
      events: [],
      turn: context.facts.turn,
      toolCallId,
      tool: context.tool.name,
      revision,
      basis,
      argumentsRef,
      factsRef,
      digest: ledger.digest,
      evidence: isConsented ? await evidenceFor(prover, run, approvalId(runId, toolCallId)) : [],
      ...(grantId !== undefined && { grantId }),
    },
    context,
    arguments: args,
    pinned: verdict,
    // What holds today was asked when it was dispatched.
    current: verdict,
    today: [],
    nowMs: ledger.reservedAt,
    slot: undefined,
    isPast: true,
  };
};

/** `isMeant`: whether the call may be one of this tool, whose agent this is. */
export const provePastCall = async (
  prover: Prover,
  run: PinnedRun,
  call: CallProof,
  isMeant: (tool: ToolDefinition, agent: AgentDefinition, args: JsonValue) => boolean,
): Promise<PastCall | Unproven> => {
  const { store } = prover.dependencies;
  const { tenant, project, runId } = run.start;
  const ledger = await readEffect(store, tenant, effectKey(runId, call.toolCallId, call.revision));
  if (!ledger || ledger.runId !== runId) return fault('call_not_reserved');
  const content = await readBlobs(store, tenant, [call.argumentsRef.sha256, call.factsRef.sha256]);
  const args = content.get(call.argumentsRef.sha256);
  const facts = RecordedFacts.safeParse(content.get(call.factsRef.sha256)).data;
  if (args === undefined || !facts) return fault('content_missing');
  for (const tool of run.definition.tools) {
    if (tool.agentDigest === undefined) continue;
    const agent = await getDefinition(store, { tenant, project }, tool.agentDigest);
    if (!agent) return fault('definition_missing');
    if (digestOf(canonicalJson(agent as unknown as JsonValue)) !== tool.agentDigest) return fault('definition_altered');
    if (!isMeant(tool, agent, args)) continue;
    const { start, rootRunId, path, policy } = run;
    const context: CallContext = { start, rootRunId, path, policy, tool, toolCallId: call.toolCallId, facts };
    const subject = await subjectOf(prover, run, call, context, args, ledger);
    const proof = await proveBasis(prover, subject);
    if (proof.type === 'proof') return { ok: true, agent, arguments: args, ledger };
  }
  return fault('call_forged');
};
