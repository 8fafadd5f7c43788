/** What a caller may do about an approval: the roles' table first, then the approval's own rules. */
import type { Viewer } from '../../contract/approvals.ts';
import { PROBLEMS } from '../../contract/problem.ts';
import type { ProblemCode } from '../../contract/problem.ts';
import { isWithinReach, reachOf } from '../../domain/authorise.ts';
import type { Action } from '../../domain/authorise.ts';
import { decisionFault } from '../../domain/core/approver-rules.ts';
import { settledCode } from '../../domain/core/judge-decision.ts';
import { countedVotes } from '../../domain/core/quorum.ts';
import type { DecisionKind } from '../../domain/schemas/approval.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import type { Caller } from '../dependencies.ts';

/** Why nobody can decide it any more; undefined while it pends in time. */
export const closedCode = (row: ApprovalRow, nowMs: number): ProblemCode | undefined =>
  settledCode(row) ?? (row.decideBy <= nowMs ? 'expired' : undefined);

/** Whether the caller's roles include the action for this approval's run. */
export const mayDo = ({ roles, actor }: Caller, action: Action, { requester }: ApprovalRow): boolean => {
  const reach = reachOf(roles, action);
  return reach !== undefined && isWithinReach(reach, actor.principal, requester);
};

/** Questions of their own runs are answered by those who ask for the runs, too. */
const mayAnswer = (caller: Caller, row: ApprovalRow): boolean =>
  mayDo(caller, 'run.approval.decide', row) || (row.kind === 'question' && mayDo(caller, 'run.question.answer', row));

/** Why this caller can never give this decision, whatever words come with it; undefined where they can. */
export function callerFault(caller: Caller, row: ApprovalRow, decision: DecisionKind): ProblemCode | undefined {
  // Services first: no role makes one a person.
  if (caller.actor.kind !== 'person') return 'service_cannot_decide';
  if (!mayAnswer(caller, row)) return 'forbidden';
  return decisionFault(row, { decision, actor: caller.actor, channel: caller.channel, hasReason: true }, row.requester);
}

const decidable = (caller: Caller, row: ApprovalRow): { decisions: DecisionKind[]; fault: ProblemCode | undefined } => {
  const { allowedDecisions } = row.verdict;
  const faults = allowedDecisions.map((decision) => ({ decision, fault: callerFault(caller, row, decision) }));
  return {
    decisions: faults.filter(({ fault }) => fault === undefined).map(({ decision }) => decision),
    fault: faults.find(({ fault }) => fault !== undefined)?.fault,
  };
};

/** Why the caller can decide it in no way; undefined where there is one. */
export function deciderFault(caller: Caller, row: ApprovalRow): ProblemCode | undefined {
  const { decisions, fault } = decidable(caller, row);
  return decisions.length > 0 ? undefined : (fault ?? 'decision_not_allowed');
}

/** Operators give more time to any approval, approvers to those that they may decide. */
export function extensionFault(caller: Caller, row: ApprovalRow): ProblemCode | undefined {
  if (caller.actor.kind !== 'person') return 'service_cannot_decide';
  if (!mayDo(caller, 'run.approval.extend', row)) return 'forbidden';
  const others = caller.roles.filter((role) => role !== 'approver');
  return mayDo({ ...caller, roles: others }, 'run.approval.extend', row) ? undefined : deciderFault(caller, row);
}

export function viewerOf(caller: Caller, row: ApprovalRow, nowMs: number): Viewer {
  const vote =
    countedVotes(row, row.requester).find(({ actor }) => actor.principal === caller.actor.principal)?.decision ?? null;
  const closed = closedCode(row, nowMs);
  if (closed) return refusing(closed, { vote, canClaim: false, canExtend: false });
  const { decisions, fault } = decidable(caller, row);
  const canExtend = extensionFault(caller, row) === undefined;
  if (vote !== null) return refusing('already_voted', { vote, canClaim: false, canExtend });
  if (decisions.length === 0) return refusing(fault ?? 'decision_not_allowed', { vote, canClaim: false, canExtend });
  return { canDecide: true, decisions, why: null, vote, canClaim: mayDo(caller, 'run.approval.claim', row), canExtend };
}

const refusing = (code: ProblemCode, rest: Pick<Viewer, 'vote' | 'canClaim' | 'canExtend'>): Viewer => ({
  canDecide: false,
  decisions: [],
  why: { code, detail: PROBLEMS[code].detail },
  ...rest,
});
