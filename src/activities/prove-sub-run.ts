/**
 * Whether a sub-run's start is what follows from its parent: the parent's ledger has the call, the reason why that call might
 * run still proves itself from signatures, and the start derived from all of it is, byte for byte, the one in the row.
 */
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { judgeArguments } from '../domain/consent/judge-call.ts';
import type { CallContext } from '../domain/consent/judge-call.ts';
import { digestOf } from '../domain/core/digest.ts';
import { approvalId, effectKey } from '../domain/core/ids.ts';
import { DecideCommand, StartCommand } from '../domain/schemas/command.ts';
import type { ParentCall, SignedCommand } from '../domain/schemas/command.ts';
import { RecordedFacts } from '../domain/schemas/content.ts';
import { getApproval } from '../store/approvals.ts';
import { readBlobs } from '../store/blobs.ts';
import { readCommands } from '../store/commands.ts';
import { getDefinition } from '../store/definitions.ts';
import { readEffect } from '../store/read-effect.ts';
import type { RunRow } from '../store/run-rows.ts';
import { deriveSubRun } from './derive-sub-run.ts';
import type { PinnedRun } from './pinned-run.ts';
import { proveBasis } from './prove-dispatch.ts';
import type { Prover } from './prover.ts';
import type { Subject } from './subject.ts';
import { taskIn } from './sub-run-task.ts';

export type ProvenStart =
  | { readonly ok: true; readonly start: StartCommand; readonly reservedAtMs: number }
  | { readonly ok: false; readonly code: string };

const fault = (code: string): ProvenStart => ({ ok: false, code });

/** What the row says of itself: nothing of it is believed before it is derived again. */
export const claimedParent = ({ startCommand }: Pick<RunRow, 'startCommand'>): ParentCall | undefined => {
  try {
    return StartCommand.safeParse(JSON.parse(startCommand.bytes)).data?.parent;
  } catch {
    return undefined;
  }
};

/** The signed decisions that the approval counted. */
const evidenceFor = async (prover: Prover, parent: PinnedRun, id: string): Promise<readonly SignedCommand[]> => {
  const { store } = prover.dependencies;
  const approval = await getApproval(store, parent.start, id);
  const counted = [...(approval?.votes ?? []), ...(approval?.decision ? [approval.decision] : [])];
  const commands = await readCommands(store, parent.start, parent.start.runId);
  return commands.flatMap(({ type, signed }) => {
    if (type !== 'decide') return [];
    const decision = DecideCommand.safeParse(JSON.parse(signed.bytes)).data;
    return counted.some(({ decisionId }) => decisionId === decision?.decisionId) ? [signed] : [];
  });
};

const subjectOf = async (
  prover: Prover,
  parent: PinnedRun,
  call: ParentCall,
  context: CallContext,
  args: JsonValue,
  ledger: { readonly digest: string; readonly reservedAt: number },
): Promise<Subject> => {
  const { tenant, project, runId, agentDigest } = parent.start;
  const { toolCallId, revision, basis, argumentsRef, factsRef, grantId } = call;
  const isConsented = basis === 'consent';
  const verdict = judgeArguments(context, args);
  return {
    type: 'subject',
    run: parent,
    input: {
      run: { tenant, project, runId, rootRunId: parent.rootRunId, agentDigest },
      events: [],
      turn: context.facts.turn,
      toolCallId,
      tool: context.tool.name,
      revision,
      basis,
      argumentsRef,
      factsRef,
      digest: ledger.digest,
      evidence: isConsented ? await evidenceFor(prover, parent, approvalId(runId, toolCallId)) : [],
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

export const proveSubRun = async (prover: Prover, parent: PinnedRun, row: RunRow): Promise<ProvenStart> => {
  const { store } = prover.dependencies;
  const call = claimedParent(row);
  if (!call) return fault('start_not_attested');
  const { tenant, project, runId: parentRunId } = parent.start;
  const ledger = await readEffect(store, tenant, effectKey(parentRunId, call.toolCallId, call.revision));
  if (!ledger || ledger.runId !== parentRunId) return fault('sub_run_not_reserved');
  const content = await readBlobs(store, tenant, [call.argumentsRef.sha256, call.factsRef.sha256]);
  const args = content.get(call.argumentsRef.sha256);
  const facts = RecordedFacts.safeParse(content.get(call.factsRef.sha256)).data;
  const task = taskIn(args);
  if (args === undefined || task === undefined || !facts) return fault('content_missing');
  // Of the parent's pinned tools, the one whose start this is.
  const tools = parent.definition.tools.filter(
    ({ role, source, agentDigest }) => role === 'agent' && source === `agent:${row.agent}` && agentDigest !== undefined,
  );
  for (const tool of tools) {
    const agent = await getDefinition(store, { tenant, project }, tool.agentDigest ?? '');
    if (!agent) return fault('definition_missing');
    if (digestOf(canonicalJson(agent as unknown as JsonValue)) !== tool.agentDigest) return fault('definition_altered');
    const { runId: _, path: __, ...given } = call;
    const derived = deriveSubRun(parent, agent, given, task);
    if (derived.bytes !== row.startCommand.bytes || derived.start.runId !== row.runId) continue;
    const context: CallContext = {
      start: parent.start,
      rootRunId: parent.rootRunId,
      path: parent.path,
      policy: parent.policy,
      tool,
      toolCallId: call.toolCallId,
      facts,
    };
    const subject = await subjectOf(prover, parent, call, context, args, ledger);
    const proof = await proveBasis(prover, subject);
    if (proof.type === 'proof') return { ok: true, start: derived.start, reservedAtMs: ledger.reservedAt };
  }
  return fault('sub_run_forged');
};
