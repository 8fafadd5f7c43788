/** What becomes of one person's decision: it wins, it counts as a vote, or it is refused with a code that says why. */
import type { Actor, Channel } from '../schemas/actor.ts';
import type { Decision } from '../schemas/approval.ts';
import type { DecideCommand } from '../schemas/command.ts';
import type { EventOf, RunEvent } from '../schemas/event.ts';
import { decisionFault, rulesOf } from './approver-rules.ts';
import type { DecisionFault } from './approver-rules.ts';
import { editOutcome } from './edit-outcome.ts';
import { parseApprovalId, turnOf } from './ids.ts';
import { budgetExceeded } from './judge-limit.ts';
import { openApproval } from './open-approval.ts';
import { countedVotes, decidesAlone, tally } from './quorum.ts';
import { runCan } from './run-status.ts';
import { isStatePathAllowed } from './state-paths.ts';
import { isEnding } from './state.ts';
import type { ApprovalState, RunState } from './state.ts';
import { DENIAL_TEXTS } from './texts.ts';

/** What the signature of a command says of it. */
export interface Attestation {
  readonly actor: Actor;
  readonly channel: Channel;
  /** When the bridge signed it: this decides whether it was in time, whenever it is processed. */
  readonly attestedAt: number;
  readonly signatureId: string;
  readonly commandDigest?: string;
}

export interface AttestedDecision extends Attestation {
  readonly command: DecideCommand;
}

export type RefusalCode =
  | DecisionFault
  | 'run_over'
  | 'unknown_approval'
  | 'superseded'
  | 'already_decided'
  | 'already_voted'
  | 'expired'
  | 'withdrawn'
  | 'replayed'
  | 'digest_mismatch'
  | 'incomplete'
  | 'policy_denied'
  | 'state_path_not_allowed'
  | 'state_edits_need_one_decider';

type SettledCode = Extract<RefusalCode, 'already_decided' | 'expired' | 'withdrawn' | 'superseded'>;

/** Why nobody can decide it any more; undefined while it pends. */
export const settledCode = ({ status }: Pick<ApprovalState, 'status'>): SettledCode | undefined => {
  switch (status) {
    case 'pending':
      return undefined;
    case 'expired':
    case 'withdrawn':
    case 'superseded':
      return status;
    case 'approved':
    case 'rejected':
    case 'answered':
      return 'already_decided';
  }
};

/** What each kind of decision needs beside itself, and what it must not bring along. */
const isComplete = ({
  decision,
  digest,
  edited,
  responseRef,
  reasonRef,
  stateEdits,
  grantId,
}: DecideCommand): boolean =>
  (edited !== undefined) === (decision === 'edit') &&
  (responseRef !== undefined) === (decision === 'respond') &&
  (decision !== 'request_changes' || reasonRef !== undefined) &&
  (grantId === undefined || decision === 'approve') &&
  (stateEdits === undefined || decision === 'approve' || decision === 'edit' || decision === 'respond') &&
  (digest !== undefined || (decision !== 'approve' && decision !== 'edit'));

const editOf = (approval: ApprovalState, edited: NonNullable<DecideCommand['edited']>) =>
  editOutcome(approval.verdict, edited.verdict, rulesOf(approval));

const stateFault = (
  approval: ApprovalState,
  { command: { stateEdits, edited }, actor }: AttestedDecision,
  requester: string,
): RefusalCode | undefined => {
  if (!stateEdits) return undefined;
  if (!decidesAlone(approval, actor, requester) || (edited && editOf(approval, edited) === 'revision'))
    return 'state_edits_need_one_decider';
  const patterns = approval.verdict.stateEditable ?? [];
  return stateEdits.paths.every((path) => isStatePathAllowed(patterns, path)) ? undefined : 'state_path_not_allowed';
};

const requesterOf = ({ identity }: RunState): string => identity.requester.principal;

const refusalOf = (state: RunState, given: AttestedDecision): RefusalCode | undefined => {
  const { command, actor, channel } = given;
  if (!runCan('decide', state.status) || isEnding(state)) return 'run_over';
  const approval = state.approvals[command.approvalId];
  if (!approval) return 'unknown_approval';
  if (command.revision !== approval.revision) return 'superseded';
  const settled = settledCode(approval);
  if (settled) return settled;
  if (approval.usedSignatures.includes(given.signatureId)) return 'replayed';
  if (given.attestedAt >= approval.decideBy) return 'expired';
  if (command.digest !== undefined && command.digest !== approval.digest) return 'digest_mismatch';
  if (!isComplete(command)) return command.digest === undefined ? 'digest_mismatch' : 'incomplete';
  const answer = { decision: command.decision, actor, channel, hasReason: command.reasonRef !== undefined };
  const fault = decisionFault(approval, answer, requesterOf(state));
  if (fault) return fault;
  if (countedVotes(approval, requesterOf(state)).some((vote) => vote.actor.principal === actor.principal))
    return 'already_voted';
  if (command.edited && editOf(approval, command.edited) === 'denied') return 'policy_denied';
  return stateFault(approval, given, requesterOf(state));
};

const winnerOf = (approval: ApprovalState | undefined) => {
  const decision = approval?.decision;
  return decision && approval.status !== 'pending'
    ? { winner: { decisionId: decision.decisionId, decision: decision.decision, principal: decision.actor.principal } }
    : {};
};

/** The very same decision, delivered twice: its event is there already. */
const isKnown = (approval: ApprovalState | undefined, decisionId: string): boolean =>
  approval?.decision?.decisionId === decisionId ||
  (approval?.votes?.some((vote) => vote.decisionId === decisionId) ?? false) ||
  (approval?.revisedBy?.includes(decisionId) ?? false);

/** What events tell of a signature. */
export const signedBy = ({ actor, channel, signatureId, commandDigest }: Attestation) => ({
  actor,
  channel,
  signatureId,
  ...(commandDigest !== undefined && { commandDigest }),
});

type Decided = EventOf<'approval.decided'>['data'];

const decidedEvent = (
  given: AttestedDecision,
  status: Decided['status'],
  digest: string,
  now: number,
  executeWithinMs?: number,
): RunEvent => {
  const { approvalId, revision, decisionId, decision, reasonRef, responseRef, edited, stateEdits, grantId } =
    given.command;
  const data: Decided = {
    approvalId,
    revision,
    decisionId,
    decision,
    status,
    digest,
    ...signedBy(given),
    ...(reasonRef && { reasonRef }),
    ...(executeWithinMs !== undefined && { executeBy: given.attestedAt + executeWithinMs }),
    ...(responseRef && { responseRef }),
    ...(edited && { edited }),
    ...(stateEdits && { stateEditsRef: stateEdits.ref, statePaths: stateEdits.paths }),
    ...(grantId !== undefined && { grantId }),
  };
  return { type: 'approval.decided', at: now, data };
};

const voteEvent = (given: AttestedDecision, digest: string, now: number): RunEvent => {
  const { approvalId, revision, decisionId, decision, reasonRef } = given.command;
  const data = {
    approvalId,
    revision,
    decisionId,
    decision,
    digest,
    ...signedBy(given),
    ...(reasonRef && { reasonRef }),
  };
  return { type: 'approval.vote_recorded', at: now, data };
};

const deniedEvent = (
  { toolCallId, tool }: ApprovalState,
  code: keyof typeof DENIAL_TEXTS,
  { command: { reasonRef } }: AttestedDecision,
  now: number,
): RunEvent => {
  const data = { toolCallId, tool, code, message: DENIAL_TEXTS[code], ...(reasonRef && { reasonRef }) };
  return { type: 'tool.denied', at: now, data };
};

/** Approve and reject may need several people. */
const judgeVote = (state: RunState, approval: ApprovalState, given: AttestedDecision, now: number): RunEvent[] => {
  const vote: Pick<Decision, 'decision' | 'actor'> = { decision: given.command.decision, actor: given.actor };
  const requester = requesterOf(state);
  const outcome = tally(approval, [...countedVotes(approval, requester), vote], requester);
  if (outcome === 'open') return [voteEvent(given, approval.digest, now)];
  if (outcome === 'approved')
    return [decidedEvent(given, 'approved', approval.digest, now, approval.verdict.executeWithinMs)];
  if (approval.kind === 'limit')
    return [decidedEvent(given, 'rejected', approval.digest, now), budgetExceeded(state, approval.tool, now)];
  return [decidedEvent(given, 'rejected', approval.digest, now), deniedEvent(approval, 'rejected', given, now)];
};

const judgeEdit = (state: RunState, approval: ApprovalState, given: AttestedDecision, now: number): RunEvent[] => {
  const { edited, approvalId, revision, decisionId, decision, reasonRef } = given.command;
  const call = state.calls.find((one) => one.toolCallId === approval.toolCallId);
  if (!edited || !call) return [];
  if (editOf(approval, edited) === 'approved')
    return [decidedEvent(given, 'approved', edited.digest, now, edited.verdict.executeWithinMs)];
  const { digest, argumentsRef: previousArgumentsRef } = approval;
  const superseded = {
    approvalId,
    revision,
    decisionId,
    decision,
    digest,
    ...signedBy(given),
    edited,
    ...(reasonRef && { reasonRef }),
  };
  const next = { ...edited, revision: revision + 1, editor: given.actor.principal, previousArgumentsRef };
  return [{ type: 'approval.superseded', at: now, data: superseded }, openApproval(state, call, next, now)];
};

const judgeAnswer = (approval: ApprovalState, given: AttestedDecision, now: number): RunEvent[] => {
  const { toolCallId, tool, digest } = approval;
  const { responseRef } = given.command;
  if (!responseRef) return [];
  const data = { toolCallId, tool, resultRef: responseRef, suppliedBy: 'person' } as const;
  return [decidedEvent(given, 'answered', digest, now), { type: 'tool.completed', at: now, data }];
};

export const judgeDecision = (state: RunState, given: AttestedDecision, now: number): RunEvent[] => {
  const { approvalId, revision, decisionId, decision } = given.command;
  const approval = state.approvals[approvalId];
  if (isKnown(approval, decisionId)) return [];
  const code = refusalOf(state, given);
  if (code || !approval) {
    const refused = { approvalId, revision, decisionId, code: code ?? 'unknown_approval', ...winnerOf(approval) };
    return [{ type: 'decision.refused', at: now, data: refused }];
  }
  switch (decision) {
    case 'approve':
    case 'reject':
      return judgeVote(state, approval, given, now);
    case 'edit':
      return judgeEdit(state, approval, given, now);
    case 'respond':
      return judgeAnswer(approval, given, now);
    case 'request_changes':
      return [
        decidedEvent(given, 'superseded', approval.digest, now),
        deniedEvent(approval, 'changes_requested', given, now),
      ];
  }
};

/**
 * A decision on something that the run is about to ask. A worker that died may have announced it before Temporal had
 * recorded it; the decision then comes before what it answers, and waits for it.
 */
export const isEarly = (state: RunState, { approvalId: id, revision }: DecideCommand): boolean => {
  if (isEnding(state)) return false;
  const approval = state.approvals[id];
  if (approval) {
    const call = state.calls.find((one) => one.toolCallId === approval.toolCallId);
    return revision > approval.revision && call?.status === 'running';
  }
  const key = parseApprovalId(id);
  return state.phase === 'asking' && key?.runId === state.identity.runId && turnOf(key.key) === state.turn;
};
