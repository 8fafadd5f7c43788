/** What the bridge can tell of a decision before it troubles the run. The run and the gate judge again. */
import type { DecideApproval } from '../../contract/decisions.ts';
import { decisionFault } from '../../domain/core/approver-rules.ts';
import { runCan } from '../../domain/core/run-status.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Caller } from '../dependencies.ts';
import { forbidden } from '../forbidden.ts';
import { HttpProblem } from '../http-problem.ts';
import { fateByApproval } from './decision-fate.ts';
import type { Fate, GivenDecision } from './decision-fate.ts';
import { callerFault } from './may-decide.ts';

export interface DecisionCase {
  readonly caller: Caller;
  readonly run: RunRow;
  readonly approval: ApprovalRow;
  readonly request: DecideApproval;
  readonly given: GivenDecision;
  readonly nowMs: number;
}

/** Undefined where the decision is to be put before the run. Throws the problem where it cannot be. */
export function checkDecision({ caller, run, approval, request, given, nowMs }: DecisionCase): Fate | undefined {
  const personal = callerFault(caller, approval, request.decision);
  if (personal === 'forbidden') throw forbidden('run.approval.decide');
  if (personal && personal !== 'decision_not_allowed') throw new HttpProblem(personal);
  const settled = fateByApproval(approval, given);
  // Who decided is more to the point than that the run has ended since.
  if (settled && !(settled.type === 'refused' && settled.code === 'withdrawn')) return settled;
  // Nothing of a run that another has replaced runs any more, though its end may still be on its way.
  if (!runCan('decide', run.status) || run.replacedBy !== null) return { type: 'refused', code: 'run_over' };
  if (settled) return settled;
  if (approval.decideBy <= nowMs) return { type: 'refused', code: 'expired' };
  if (personal) throw new HttpProblem(personal);
  const { decision, digest } = request;
  if ((decision === 'approve' || decision === 'edit') && digest === undefined) throw new HttpProblem('digest_required');
  if (digest !== undefined && digest !== approval.digest) return { type: 'refused', code: 'digest_mismatch' };
  const hasReason = request.reason !== undefined;
  const answer = { decision, actor: caller.actor, channel: caller.channel, hasReason };
  const fault = decisionFault(approval, answer, run.requester);
  if (fault) throw new HttpProblem(fault);
  return undefined;
}
