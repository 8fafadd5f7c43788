/** An approval as the live feed shows it: what the list shows, without content, so that nothing more is read for it. */
import type { ApprovalChange as ApprovalChangeView, ApprovalState } from '../../contract/approval-changes.ts';
import type { ApprovalChange } from '../../store/approval-changes.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import type { Claim } from '../../store/claims.ts';
import { claimView } from '../decisions/claims.ts';
import { viewerOf } from '../decisions/may-decide.ts';
import type { Caller } from '../dependencies.ts';
import { approvalHead } from './approval-head.ts';
import { timestamp } from './time.ts';

export interface StateContext {
  readonly caller: Caller;
  readonly nowMs: number;
}

export function approvalState(
  row: ApprovalRow,
  claim: Claim | undefined,
  { caller, nowMs }: StateContext,
): ApprovalState {
  const isClaimed = claim !== undefined && row.status === 'pending' && claim.until > nowMs;
  return {
    ...approvalHead(row),
    tool: row.tool,
    claim: isClaimed ? claimView(claim) : null,
    canDecide: viewerOf(caller, row, nowMs).canDecide,
  };
}

export const approvalChangeView = (change: ApprovalChange, context: StateContext): ApprovalChangeView => ({
  change: change.changeId,
  type: change.type,
  at: timestamp(change.at),
  revision: change.revision,
  run: { runId: change.approval.rootRunId, eventSeq: change.seq },
  approval: approvalState(change.approval, change.claim, context),
});
