/** Whether a run may be another agent's from here on: who that is follows from what the agent before has pinned. */
import { canonicalJson } from '../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { digestOf } from '../domain/core/digest.ts';
import { limitsOf } from '../domain/core/state.ts';
import type { Transfer } from '../domain/schemas/transfer.ts';
import { getDefinition } from '../store/definitions.ts';
import { deriveNext, deriveTransfer } from './derive-transfer.ts';
import type { DerivedTransfer } from './derive-transfer.ts';
import type { PinnedRun } from './pinned-run.ts';
import { provePastCall } from './prove-past-call.ts';
import type { Prover } from './prover.ts';

export type ProvenTransfer = ({ readonly ok: true } & DerivedTransfer) | { readonly ok: false; readonly code: string };

const fault = (code: string): ProvenTransfer => ({ ok: false, code });

const countedCalls = ({ transfers = [] }: PinnedRun): number =>
  transfers.filter((transfer) => 'toolCallId' in transfer).length;

/** Whether another call may hand the run over. */
export const mayTransfer = (run: PinnedRun): boolean => countedCalls(run) < limitsOf(run.definition).maxTransfers;

export const proveTransfer = async (prover: Prover, from: PinnedRun, transfer: Transfer): Promise<ProvenTransfer> => {
  const { store } = prover.dependencies;
  const { tenant, project } = from.start;
  if (!('toolCallId' in transfer)) {
    const next = from.definition.sequence?.[0];
    const agent = next && (await getDefinition(store, { tenant, project }, next.agentDigest));
    if (!next) return fault('transfer_forged');
    if (!agent) return fault('definition_missing');
    if (digestOf(canonicalJson(agent as unknown as JsonValue)) !== next.agentDigest) return fault('definition_altered');
    return { ok: true, ...deriveNext(from.definition, agent) };
  }
  if (!mayTransfer(from)) return fault('too_many_transfers');
  const proven = await provePastCall(prover, from, transfer, ({ role }) => role === 'transfer');
  if (!proven.ok) return fault(proven.code === 'call_forged' ? 'transfer_forged' : proven.code);
  // What a person said in its place hands nothing over.
  const { outcome, resolvedBy } = proven.ledger;
  if (outcome !== 'completed' || resolvedBy !== null) return fault('transfer_not_done');
  return { ok: true, ...deriveTransfer(from.definition, proven.agent) };
};
