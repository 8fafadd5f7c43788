/** What became of a decision, as told by the approval's row, by an event or by the workflow: one form for all three. */
import { isProblemCode } from '../../contract/problem.ts';
import type { ProblemCode } from '../../contract/problem.ts';
import type { Winner } from '../../contract/decisions.ts';
import { countedVotes } from '../../domain/core/quorum.ts';
import { DecisionKind } from '../../domain/schemas/approval.ts';
import type { Approval, Decision } from '../../domain/schemas/approval.ts';
import type { StoredEvent } from '../../domain/schemas/event.ts';
import type { VerdictView } from '../../gateway/run-gateway.ts';
import { decidedApproval } from '../../store/approvals.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { hasSameContent } from './decision-id.ts';

export type Fate =
  /** It decided the approval, or counts as a vote. `row`: the approval as the store has it since. */
  | {
      readonly type: 'recorded' | 'vote_recorded';
      readonly decisionId: string;
      readonly approval?: Approval;
      readonly row?: ApprovalRow;
    }
  /** The edit became the next revision, which pends. */
  | { readonly type: 'revised'; readonly decisionId: string; readonly approval?: Approval }
  /** The same person had decided the same before. */
  | { readonly type: 'already_recorded'; readonly decisionId: string; readonly approval?: Approval }
  | { readonly type: 'refused'; readonly code: ProblemCode; readonly winner?: Winner };

/** The decision whose fate is asked for. */
export interface GivenDecision {
  readonly approvalId: string;
  readonly revision: number;
  readonly decisionId: string;
  readonly decision: DecisionKind;
  readonly principal: string;
  /** Whom the run acts for. */
  readonly requester: string;
  /** It says nothing but yes or no: any other of the kind by the same person is the same. */
  readonly isPlain: boolean;
}

export const winnerOf = ({ decisionId, decision, actor }: Decision): Winner => ({
  decisionId,
  decision,
  principal: actor.principal,
});

/** From an approval as it stands now; undefined while it pends and this person has not voted on it. */
export function fateByApproval(approval: Approval, given: GivenDecision): Fate | undefined {
  // It was given on a revision that an edit has replaced since.
  if (approval.revision > given.revision) return { type: 'refused', code: 'superseded' };
  const { decision } = approval;
  if (decision?.decisionId === given.decisionId && approval.status !== 'pending')
    return { type: 'recorded', decisionId: given.decisionId, approval };
  switch (approval.status) {
    case 'pending':
      return fateByVotes(approval, given);
    case 'expired':
    case 'withdrawn':
      return { type: 'refused', code: approval.status };
    case 'superseded':
      return decision && isSameAnswer(given, winnerOf(decision))
        ? { type: 'already_recorded', decisionId: decision.decisionId, approval }
        : { type: 'refused', code: 'superseded' };
    case 'approved':
    case 'rejected':
    case 'answered':
      return fateByVotes(approval, given) ?? lostAgainst(given, decision && winnerOf(decision), approval);
  }
}

/** One person has one vote. That others have closed the approval since takes nothing from it. */
function fateByVotes(approval: Approval, given: GivenDecision): Fate | undefined {
  const same = approval.votes?.find((one) => one.decisionId === given.decisionId);
  if (same) return { type: 'vote_recorded', decisionId: same.decisionId, approval };
  const vote = countedVotes(approval, given.requester).find(({ actor }) => actor.principal === given.principal);
  if (!vote) return undefined;
  const { decisionId } = vote;
  const winner = winnerOf(vote);
  if (isSameAnswer(given, winner)) return { type: 'already_recorded', decisionId, approval };
  return approval.status === 'pending' ? { type: 'refused', code: 'already_voted', winner } : undefined;
}

/** From the event that names the decision; undefined for any other event. `row`: the approval before the decision. */
export function fateByEvent(event: StoredEvent, given: GivenDecision, row?: ApprovalRow): Fate | undefined {
  const { decisionId } = given;
  if (event.data['decisionId'] !== decisionId) return undefined;
  switch (event.type) {
    case 'approval.decided':
    case 'approval.vote_recorded': {
      const after = row && decidedApproval(row, event);
      const type = event.type === 'approval.decided' ? 'recorded' : 'vote_recorded';
      return { type, decisionId, ...(after && { row: after }) };
    }
    case 'approval.superseded':
      return { type: 'revised', decisionId };
    case 'decision.refused':
      return event.data['voided'] === true
        ? undefined
        : refusal(String(event.data['code']), given, winnerIn(event.data['winner']));
    default:
      return undefined;
  }
}

/**
 * From the workflow's own answer; undefined where it has not seen the decision. `askedFor`: the decision it was asked
 * about, which may be another one on the same approval.
 */
export function fateByVerdict(view: VerdictView, askedFor: string, given: GivenDecision): Fate | undefined {
  const { approval } = view;
  const { decisionId } = given;
  if (askedFor === decisionId && view.outcome === 'revised')
    return { type: 'revised', decisionId, ...(approval && { approval }) };
  const byApproval = approval && fateByApproval(approval, given);
  if (byApproval || askedFor !== decisionId) return byApproval;
  switch (view.outcome) {
    case 'recorded':
    case 'already_recorded':
    case 'vote_recorded':
    case 'revised':
      return { type: view.outcome, decisionId, ...(approval && { approval }) };
    case 'refused':
      return refusal(view.code ?? 'decision_refused', given, undefined);
    case 'unknown':
      return undefined;
  }
}

function refusal(code: string, given: GivenDecision, winner: Winner | undefined): Fate {
  if (code === 'already_decided') return lostAgainst(given, winner, undefined);
  return { type: 'refused', code: isProblemCode(code) ? code : 'decision_refused', ...(winner && { winner }) };
}

/** Somebody was first. The same answer by the same person is no conflict. */
function lostAgainst(given: GivenDecision, winner: Winner | undefined, approval: Approval | undefined): Fate {
  if (!winner || !isSameAnswer(given, winner))
    return { type: 'refused', code: 'already_decided', ...(winner && { winner }) };
  return { type: 'already_recorded', decisionId: winner.decisionId, ...(approval && { approval }) };
}

const isSameAnswer = (given: GivenDecision, winner: Winner): boolean =>
  winner.principal === given.principal &&
  winner.decision === given.decision &&
  (given.isPlain || hasSameContent(given.decisionId, winner.decisionId));

function winnerIn(value: unknown): Winner | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { decisionId, decision, principal } = value as Record<string, unknown>;
  const kind = DecisionKind.safeParse(decision);
  if (typeof decisionId !== 'string' || typeof principal !== 'string' || !kind.success) return undefined;
  return { decisionId, decision: kind.data, principal };
}
