/** What a caller may do about an approval: the roles' table first, then the approval's own rules. */
import type { Viewer } from '../../contract/approvals.ts';
import { PROBLEMS } from '../../contract/problem.ts';
import type { ProblemCode } from '../../contract/problem.ts';
import { reachOf } from '../../domain/authorise.ts';
import { decisionFault } from '../../domain/core/approver-rules.ts';
import type { DecisionKind } from '../../domain/schemas/approval.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import type { Caller } from '../dependencies.ts';

const settledCode = (row: ApprovalRow): ProblemCode | undefined => {
  switch (row.status) {
    case 'pending':
      return undefined;
    case 'approved':
    case 'rejected':
    case 'answered':
      return 'already_decided';
    case 'expired':
      return 'expired';
    case 'withdrawn':
      return 'withdrawn';
    case 'superseded':
      return 'superseded';
  }
};

/** Why this caller can never give this decision, whatever words come with it; undefined where they can. */
export function callerFault(caller: Caller, row: ApprovalRow, decision: DecisionKind): ProblemCode | undefined {
  // Services first: no role makes one a person.
  if (caller.actor.kind !== 'person') return 'service_cannot_decide';
  if (reachOf(caller.roles, 'run.approval.decide') === undefined) return 'forbidden';
  return decisionFault(row.verdict, { decision, actor: caller.actor, hasReason: true }, row.requester);
}

export function viewerOf(caller: Caller, row: ApprovalRow, nowMs: number): Viewer {
  const closed = settledCode(row) ?? (row.decideBy <= nowMs ? 'expired' : undefined);
  if (closed) return refusing(closed);
  const faults = row.verdict.allowedDecisions.map((decision) => ({
    decision,
    fault: callerFault(caller, row, decision),
  }));
  const decisions = faults.filter(({ fault }) => fault === undefined).map(({ decision }) => decision);
  if (decisions.length > 0) return { canDecide: true, decisions, why: null };
  return refusing(faults.find(({ fault }) => fault !== undefined)?.fault ?? 'decision_not_allowed');
}

const refusing = (code: ProblemCode): Viewer => ({
  canDecide: false,
  decisions: [],
  why: { code, detail: PROBLEMS[code].detail },
});
