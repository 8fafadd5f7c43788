/** A decision, from the approval that was found to the answer that its sender gets. */
import type { GuardReport } from '../../contract/guards.ts';
import type { DecisionReceipt, PendingDecision } from '../../contract/decisions.ts';
import { getApproval } from '../../store/approvals.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import type { Api } from '../dependencies.ts';
import { guardReports } from '../guards/tell-guarded.ts';
import { approvalPath } from '../views/approval-view.ts';
import { decideApproval } from './decide-approval.ts';
import type { DecisionAnswer, DecisionOrder } from './decide-approval.ts';
import type { VerdictQueries } from './verdict-queries.ts';

export interface GivenAnswer {
  readonly decisionId: string;
  readonly outcome: DecisionReceipt['outcome'] | PendingDecision['outcome'];
  readonly grantId: string | null;
  readonly guards: readonly GuardReport[];
  /** Where to ask what became of it. */
  readonly self: string;
  /** The approval as it is now; what it was where no worker has answered. */
  readonly approval: ApprovalRow;
}

/** Throws the problem where the decision is refused. */
export async function giveDecision(api: Api, queries: VerdictQueries, order: DecisionOrder): Promise<GivenAnswer> {
  const answer = await decideApproval(api, queries, order);
  const { decisionId, grantId, type: outcome } = answer;
  const guards = guardReports(answer.guards);
  const self = `${approvalPath(order.approval)}/decisions/${decisionId}`;
  const approval = outcome === 'pending' ? order.approval : await rowAfter(api, order.approval, answer);
  return { decisionId, outcome, grantId, guards, self, approval };
}

/** The event that decided it tells; without it the store does. */
async function rowAfter(
  api: Api,
  before: ApprovalRow,
  answer: Exclude<DecisionAnswer, { type: 'pending' }>,
): Promise<ApprovalRow> {
  if ('row' in answer && answer.row) return answer.row;
  const stored = await getApproval(api.store, before, before.approvalId);
  // The event may still be on its way to the store: then the run's own view is the newer one.
  return { ...(stored ?? before), ...(stored?.status === 'pending' ? answer.approval : {}) };
}
