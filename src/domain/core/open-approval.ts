/** Makes the request for consent to one revision of one call. */
import type { Approval, ApproverRule, Verdict } from '../schemas/approval.ts';
import type { JudgedCall, RunEvent } from '../schemas/event.ts';
import type { BlobRef } from '../schemas/names.ts';
import { approvalId } from './ids.ts';
import type { RunState } from './state.ts';
import { proofsOf } from './transfers.ts';

export interface Revision {
  readonly verdict: Verdict;
  readonly argumentsRef: BlobRef;
  readonly digest: string;
  readonly revision: number;
  readonly editor?: string;
  readonly previousArgumentsRef?: BlobRef;
  readonly supersedes?: string;
}

const ANYBODY: ApproverRule = { approvals: 1, rejections: 1, notRequester: false, reasonRequired: false };

/** A question waits for its answer whatever policy allows; policy says who may answer, and how long they may take. */
export const questionVerdict = (verdict: Verdict): Verdict => ({
  ...verdict,
  effect: 'ask',
  allowedDecisions: ['respond', 'reject'],
  approverRules: verdict.approverRules.length > 0 ? verdict.approverRules : [ANYBODY],
});

/** A call as much as is asked about it; `limit`: the run itself asks for more budget. */
export type AskedCall = Pick<JudgedCall, 'toolCallId' | 'tool' | 'factsRef'> & {
  readonly role?: JudgedCall['role'] | 'limit';
};

export const openApproval = (state: RunState, call: AskedCall, given: Revision, now: number): RunEvent => {
  const { runId, path } = state.identity;
  const { toolCallId, tool, factsRef, role } = call;
  const { verdict, argumentsRef, digest, revision, editor, previousArgumentsRef, supersedes } = given;
  const contributors = [...(state.contributors ?? []), ...(editor === undefined ? [] : [editor])];
  const approval: Approval = {
    approvalId: approvalId(runId, toolCallId),
    key: toolCallId,
    kind: role === 'question' || role === 'limit' ? role : 'tool',
    runId,
    path: [...path],
    turn: state.turn,
    toolCallId,
    tool,
    argumentsRef,
    ...(factsRef && { factsRef }),
    digest,
    revision,
    verdict: role === 'question' ? questionVerdict(verdict) : verdict,
    status: 'pending',
    requestedAt: now,
    decideBy: now + verdict.decideWithinMs,
    ...(state.transfers && { transfers: [...proofsOf(state.transfers)] }),
    ...(contributors.length > 0 && { contributors: [...new Set(contributors)] }),
    ...(editor !== undefined && { editor }),
    ...(previousArgumentsRef && { previousArgumentsRef }),
    ...(supersedes !== undefined && { supersedes }),
  };
  return { type: 'approval.requested', at: now, data: { approval } };
};
