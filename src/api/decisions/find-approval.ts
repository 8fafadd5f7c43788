import { approvalId, parseApprovalId, rootRunIdOf } from '../../domain/core/ids.ts';
import { isWithinReach } from '../../domain/authorise.ts';
import { isFinished } from '../../domain/core/run-status.ts';
import type { ApprovalParams } from '../../contract/approvals.ts';
import { getApproval } from '../../store/approvals.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { getRun } from '../../store/run-rows.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import type { AnyRequest } from '../server-type.ts';
import { waitForEvent } from '../streams/wait-for-event.ts';

export interface FoundApproval {
  readonly run: RunRow;
  readonly approval: ApprovalRow;
}

/** Approvals of sub-runs are found at their root, too, by their whole id. */
const leafOf = ({ runId, key }: ApprovalParams): ApprovalParams => {
  const named = parseApprovalId(key);
  if (!named) return { runId, key };
  const isWithin = named.runId === runId || rootRunIdOf(named.runId) === runId;
  if (!isWithin) throw new HttpProblem('approval_not_found');
  return named;
};

/** The approval and its run, where the caller may see them; others' are as unknown as none. */
export async function findApproval(api: Api, request: AnyRequest, params: ApprovalParams): Promise<FoundApproval> {
  const { scope, actor } = request.caller;
  const { runId, key } = leafOf(params);
  const [run, approval] = await Promise.all([
    getRun(api.store, scope, runId),
    getApproval(api.store, scope, approvalId(runId, key)),
  ]);
  if (!run || !approval || !isWithinReach(request.reach, actor.principal, run.requester, run.startedBy)) {
    throw new HttpProblem('approval_not_found');
  }
  return { run, approval };
}

/** As `findApproval`, but waits a moment for an approval that is announced elsewhere before it is stored here. */
export async function awaitApproval(
  api: Api,
  request: AnyRequest,
  params: ApprovalParams,
  signal: AbortSignal,
): Promise<FoundApproval> {
  const { scope, actor } = request.caller;
  const { runId, key } = leafOf(params);
  const id = approvalId(runId, key);
  const [run, stored] = await Promise.all([getRun(api.store, scope, runId), getApproval(api.store, scope, id)]);
  if (!run || !isWithinReach(request.reach, actor.principal, run.requester, run.startedBy))
    throw new HttpProblem('approval_not_found');
  if (stored) return { run, approval: stored };
  if (isFinished(run.status)) throw new HttpProblem('approval_not_found');
  using wait = waitForEvent(api.feed, {
    scope,
    rootRunId: run.rootRunId,
    after: run.eventSeq,
    signal,
    match: ({ type, data }) => {
      if (type !== 'approval.requested') return undefined;
      const requested = data['approval'];
      return typeof requested === 'object' &&
        requested !== null &&
        'approvalId' in requested &&
        requested.approvalId === id
        ? true
        : undefined;
    },
  });
  const already = await getApproval(api.store, scope, id);
  if (already) return { run, approval: already };
  await wait.within(api.limits.approvalWaitMs);
  const approval = await getApproval(api.store, scope, id);
  if (!approval) throw new HttpProblem('approval_not_found');
  return { run, approval };
}
