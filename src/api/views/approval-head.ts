import type { ApprovalState } from '../../contract/approval-changes.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { timestamp } from './time.ts';

/** What every view of an approval says alike: all but its content, its tool, and what depends on who looks. */
export const approvalHead = (row: ApprovalRow): Omit<ApprovalState, 'tool' | 'claim' | 'canDecide'> => ({
  approvalId: row.approvalId,
  key: row.key,
  kind: row.kind,
  status: row.status,
  runId: row.runId,
  rootRunId: row.rootRunId,
  agent: row.agent,
  requester: row.requester,
  digest: row.digest,
  revision: row.revision,
  supersedes: row.supersedes ?? null,
  supersededBy: row.supersededBy ?? null,
  risk: row.verdict.risk,
  requestedAt: timestamp(row.requestedAt),
  decideBy: timestamp(row.decideBy),
  expiring: row.status === 'pending' && row.warned === true,
  reminders: row.reminded ?? 0,
  escalated: row.escalated ?? null,
});
