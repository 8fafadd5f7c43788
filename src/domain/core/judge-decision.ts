/** What becomes of one person's decision: it wins, or it is refused with a code that says why. */
import type { Actor, Channel } from '../schemas/actor.ts';
import type { DecideCommand } from '../schemas/command.ts';
import type { RunEvent } from '../schemas/event.ts';
import { decisionFault } from './approver-rules.ts';
import type { DecisionFault } from './approver-rules.ts';
import { runCan } from './run-status.ts';
import type { ApprovalState, RunState } from './state.ts';
import { DENIAL_TEXTS } from './texts.ts';

export interface AttestedDecision {
  readonly command: DecideCommand;
  readonly actor: Actor;
  readonly channel: Channel;
  /** When the bridge signed it: this decides whether it was in time, whenever it is processed. */
  readonly attestedAt: number;
  readonly signatureId: string;
}

export type RefusalCode =
  | DecisionFault
  | 'run_over'
  | 'unknown_approval'
  | 'superseded'
  | 'already_decided'
  | 'expired'
  | 'withdrawn'
  | 'replayed'
  | 'digest_mismatch';

const settledCode = (approval: ApprovalState): RefusalCode | undefined => {
  switch (approval.status) {
    case 'pending':
      return undefined;
    case 'expired':
      return 'expired';
    case 'withdrawn':
      return 'withdrawn';
    case 'superseded':
      return 'superseded';
    case 'approved':
    case 'rejected':
    case 'answered':
      return 'already_decided';
  }
};

const refusalOf = (state: RunState, given: AttestedDecision): RefusalCode | undefined => {
  const { command, actor } = given;
  if (!runCan('decide', state.status) || state.cancel) return 'run_over';
  const approval = state.approvals[command.approvalId];
  if (!approval) return 'unknown_approval';
  if (command.revision !== approval.revision) return 'superseded';
  const settled = settledCode(approval);
  if (settled) return settled;
  if (approval.usedSignatures.includes(given.signatureId)) return 'replayed';
  if (given.attestedAt >= approval.decideBy) return 'expired';
  const shownOther = command.digest !== undefined && command.digest !== approval.digest;
  if (shownOther || (command.decision === 'approve' && command.digest === undefined)) return 'digest_mismatch';
  const hasReason = command.reasonRef !== undefined;
  return decisionFault(
    approval.verdict,
    { decision: command.decision, actor, hasReason },
    state.identity.requester.principal,
  );
};

const winnerOf = (approval: ApprovalState | undefined) => {
  const decision = approval?.decision;
  return decision && approval.status !== 'pending'
    ? { winner: { decisionId: decision.decisionId, decision: decision.decision, principal: decision.actor.principal } }
    : {};
};

export const judgeDecision = (state: RunState, given: AttestedDecision, now: number): RunEvent[] => {
  const { command, actor, channel } = given;
  const { approvalId, revision, decisionId, decision, reasonRef } = command;
  const approval = state.approvals[approvalId];
  // The very same decision, delivered twice: its event is there already.
  if (approval?.decision?.decisionId === decisionId) return [];
  const code = refusalOf(state, given);
  if (code || !approval) {
    const refused = { approvalId, revision, decisionId, code: code ?? 'unknown_approval', ...winnerOf(approval) };
    return [{ type: 'decision.refused', at: now, data: refused }];
  }
  const reason = reasonRef ? { reasonRef } : {};
  const approved = decision === 'approve';
  const decided: RunEvent = {
    type: 'approval.decided',
    at: now,
    data: {
      approvalId,
      revision,
      decisionId,
      decision,
      status: approved ? 'approved' : 'rejected',
      digest: approval.digest,
      actor,
      channel,
      signatureId: given.signatureId,
      ...reason,
      ...(approved && { executeBy: given.attestedAt + approval.verdict.executeWithinMs }),
    },
  };
  if (approved) return [decided];
  const { toolCallId, tool } = approval;
  const denied = { toolCallId, tool, code: 'rejected', message: DENIAL_TEXTS.rejected, ...reason };
  return [decided, { type: 'tool.denied', at: now, data: denied }];
};
