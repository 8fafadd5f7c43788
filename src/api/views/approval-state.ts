/** An approval as the live feed shows it: what the list shows, without content, so that nothing more is read for it. */
import type { ApprovalChange as ApprovalChangeView, ApprovalState } from '../../contract/approval-changes.ts';
import type { ApprovalChange } from '../../store/approval-changes.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import type { Claim } from '../../store/claims.ts';
import { claimView } from '../decisions/claims.ts';
import { viewerOf } from '../decisions/may-decide.ts';
import type { Caller } from '../dependencies.ts';
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
    approvalId: row.approvalId,
    key: row.key,
    kind: row.kind,
    status: row.status,
    runId: row.runId,
    rootRunId: row.rootRunId,
    agent: row.agent,
    requester: row.requester,
    tool: row.tool,
    revision: row.revision,
    digest: row.digest,
    supersedes: row.supersedes ?? null,
    supersededBy: row.supersededBy ?? null,
    risk: row.verdict.risk,
    claim: isClaimed ? claimView(claim) : null,
    requestedAt: timestamp(row.requestedAt),
    decideBy: timestamp(row.decideBy),
    expiring: row.status === 'pending' && row.warned === true,
    reminders: row.reminded ?? 0,
    escalated: row.escalated ?? null,
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
