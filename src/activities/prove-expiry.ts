/** Whether silence lets this call run: the deployment says so, it may happen twice, and the time is really over. */
import { approvalId } from '../domain/core/ids.ts';
import { getApproval } from '../store/approvals.ts';
import type { StepDependencies } from './dependencies.ts';
import { refused } from './refused.ts';
import type { Refused } from './refused.ts';
import { digestUnder } from './subject.ts';
import type { Subject } from './subject.ts';

const unproven = (code: string): Refused => refused(code, 'Nothing lets this call run because nobody decided it.');

/** The event that it expired may ride along with this very step: its row is then still pending. */
const UNDECIDED: readonly string[] = ['pending', 'expired'];

/** Between the clocks of Temporal, which ended the wait, and of this worker. */
const SKEW_MS = 10_000;

export const proveExpiry = async ({ store }: StepDependencies, subject: Subject): Promise<Refused | undefined> => {
  const { run, input, pinned, current, context, nowMs } = subject;
  if (pinned.effect !== 'ask' || pinned.onExpire !== 'allow' || context.tool.effect === 'once')
    return unproven('not_allowed_by_expiry');
  if (current.onExpire !== 'allow')
    return refused('approval_expired', 'Nobody decided this call in time, and policy no longer lets it run.', 'deny');
  if (input.digest !== digestUnder(subject, pinned) && input.digest !== digestUnder(subject, current))
    return refused('digest_mismatch', 'What would run is not what was judged.');
  const approval = await getApproval(store, run.start, approvalId(run.start.runId, input.toolCallId));
  if (approval?.revision !== input.revision) return unproven('approval_missing');
  if (!UNDECIDED.includes(approval.status)) return unproven('approval_decided');
  const { requestedAt, decideBy, verdict } = approval;
  // The policy's own time, whatever the row says of the deadline.
  const earliest = requestedAt + Math.min(pinned.decideWithinMs, verdict.decideWithinMs);
  return Math.max(decideBy, earliest) > nowMs + SKEW_MS ? unproven('not_expired') : undefined;
};
