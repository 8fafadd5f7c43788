/** What became of a decision, as told by the approval's row, by an event or by the workflow: one form for all three. */
import { isProblemCode } from '../../contract/problem.ts';
import type { ProblemCode } from '../../contract/problem.ts';
import type { Winner } from '../../contract/decisions.ts';
import { DecisionKind } from '../../domain/schemas/approval.ts';
import type { Approval } from '../../domain/schemas/approval.ts';
import type { StoredEvent } from '../../domain/schemas/event.ts';
import type { VerdictView } from '../../gateway/run-gateway.ts';
import { decidedApproval } from '../../store/approvals.ts';
import type { ApprovalRow } from '../../store/approvals.ts';

export type Fate =
  /** `row`: the approval as the store has it since. */
  | { readonly type: 'recorded'; readonly decisionId: string; readonly approval?: Approval; readonly row?: ApprovalRow }
  /** The same person had decided the same before. */
  | { readonly type: 'already_recorded'; readonly decisionId: string; readonly approval?: Approval }
  | { readonly type: 'refused'; readonly code: ProblemCode; readonly winner?: Winner };

/** The decision whose fate is asked for. */
export interface GivenDecision {
  readonly approvalId: string;
  readonly decisionId: string;
  readonly decision: DecisionKind;
  readonly principal: string;
}

/** From an approval as it stands now; undefined while it pends. */
export function fateByApproval(approval: Approval, given: GivenDecision): Fate | undefined {
  switch (approval.status) {
    case 'pending':
      return undefined;
    case 'expired':
    case 'withdrawn':
    case 'superseded':
      return { type: 'refused', code: approval.status };
    case 'approved':
    case 'rejected':
    case 'answered': {
      const winner = approval.decision && {
        decisionId: approval.decision.decisionId,
        decision: approval.decision.decision,
        principal: approval.decision.actor.principal,
      };
      if (winner?.decisionId === given.decisionId) return { type: 'recorded', decisionId: given.decisionId, approval };
      return lostAgainst(given, winner, approval);
    }
  }
}

/** From the event that names the decision; undefined for any other event. `row`: the approval before the decision. */
export function fateByEvent(event: StoredEvent, given: GivenDecision, row?: ApprovalRow): Fate | undefined {
  if (event.data['decisionId'] !== given.decisionId) return undefined;
  if (event.type === 'approval.decided') {
    const decided = row && decidedApproval(row, event);
    return { type: 'recorded', decisionId: given.decisionId, ...(decided && { row: decided }) };
  }
  if (event.type !== 'decision.refused' || event.data['voided'] === true) return undefined;
  return refusal(String(event.data['code']), given, winnerIn(event.data['winner']));
}

/** From the workflow's own answer; undefined where it has not seen the decision. */
export function fateByVerdict(view: VerdictView, given: GivenDecision): Fate | undefined {
  const byApproval = view.approval && fateByApproval(view.approval, given);
  switch (view.outcome) {
    case 'recorded':
    case 'already_recorded':
      return byApproval ?? { type: view.outcome, decisionId: given.decisionId };
    case 'refused':
      return byApproval ?? refusal(view.code ?? 'decision_refused', given, undefined);
    case 'unknown':
      return byApproval;
  }
}

function refusal(code: string, given: GivenDecision, winner: Winner | undefined): Fate {
  if (code === 'already_decided') return lostAgainst(given, winner, undefined);
  return { type: 'refused', code: isProblemCode(code) ? code : 'decision_refused', ...(winner && { winner }) };
}

/** Somebody was first. The same answer by the same person is no conflict. */
function lostAgainst(given: GivenDecision, winner: Winner | undefined, approval: Approval | undefined): Fate {
  const isSame = winner?.principal === given.principal && winner.decision === given.decision;
  if (!isSame) return { type: 'refused', code: 'already_decided', ...(winner && { winner }) };
  return { type: 'already_recorded', decisionId: winner.decisionId, ...(approval && { approval }) };
}

function winnerIn(value: unknown): Winner | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { decisionId, decision, principal } = value as Record<string, unknown>;
  const kind = DecisionKind.safeParse(decision);
  if (typeof decisionId !== 'string' || typeof principal !== 'string' || !kind.success) return undefined;
  return { decisionId, decision: kind.data, principal };
}
