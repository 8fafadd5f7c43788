/** An approval as a person must see it, with what else of its run belongs to it. */
import type { CountersignClient } from '../client/index.ts';
import type { Approval } from '../contract/approvals.ts';
import { parseApprovalId } from '../domain/core/ids.ts';
import { approvalScreen } from './show/approval.ts';
import type { Terminal } from './terminal.ts';

export async function loadApprovalScreen(
  client: CountersignClient,
  terminal: Terminal,
  approval: Approval,
): Promise<string> {
  const { supersedes, approvalId, stateEditable, status, runId } = approval;
  const earlier = supersedes === null || supersedes === approvalId ? undefined : parseApprovalId(supersedes);
  const isEditable = status === 'pending' && stateEditable.length > 0;
  const [superseded, run] = await Promise.all([
    earlier && client.approvals.get(earlier),
    isEditable ? client.runs.get(runId) : undefined,
  ]);
  return approvalScreen(terminal, approval, Date.now(), {
    ...(superseded && { superseded }),
    ...(run && { state: run.state }),
  });
}
