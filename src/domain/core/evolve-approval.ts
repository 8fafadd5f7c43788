/** What events about approvals do to the state. */
import type { Decision } from '../schemas/approval.ts';
import type { EventOf, RunEvent } from '../schemas/event.ts';
import type { Budget } from '../schemas/agent.ts';
import { approvedStatus, asksTogether, withCall } from './evolve-call.ts';
import { limitCall } from './judge-limit.ts';
import { REMEMBERED_REFUSALS } from './state.ts';
import type { ApprovalState, RunState } from './state.ts';

export type ApprovalEvent = Extract<RunEvent, { type: `approval.${string}` }> | EventOf<'decision.refused'>;

const withApproval = (state: RunState, id: string, change: Partial<ApprovalState>): RunState => {
  const approval = state.approvals[id];
  return approval ? { ...state, approvals: { ...state.approvals, [id]: { ...approval, ...change } } } : state;
};

const callOf = (state: RunState, approvalId: string): string => state.approvals[approvalId]?.toolCallId ?? '';

type Given = Pick<
  EventOf<'approval.decided'>['data'],
  'decisionId' | 'decision' | 'actor' | 'channel' | 'reasonRef' | 'responseRef' | 'edited' | 'stateEditsRef'
>;

const decisionOf = (data: Given, at: number): Decision => ({
  decisionId: data.decisionId,
  decision: data.decision,
  actor: data.actor,
  channel: data.channel,
  decidedAt: at,
  ...(data.reasonRef && { reasonRef: data.reasonRef }),
  ...(data.responseRef && { responseRef: data.responseRef }),
  ...(data.edited && { editedArgumentsRef: data.edited.argumentsRef }),
  ...(data.stateEditsRef && { stateEditsRef: data.stateEditsRef }),
});

const withSignature = (state: RunState, id: string, signatureId: string): Pick<ApprovalState, 'usedSignatures'> => ({
  usedSignatures: [...(state.approvals[id]?.usedSignatures ?? []), signatureId],
});

/** Whoever gave words or values that reach the model or the run's state. */
const withContributor = (state: RunState, principal: string): RunState => ({
  ...state,
  contributors: [...new Set([...(state.contributors ?? []), principal])],
});

/** Between turns: the request takes the place of the calls, which are all settled. */
const askedForMore = (state: RunState, approval: ApprovalState, budget: Budget): RunState => {
  const { limitReached: _, ...rest } = state;
  const calls = [limitCall(approval, budget)];
  return { ...rest, phase: 'tools', calls, limitsAsked: (state.limitsAsked ?? 0) + 1 };
};

const requested = (state: RunState, { data: { approval } }: EventOf<'approval.requested'>): RunState => {
  const { approvalId, toolCallId, revision, digest, argumentsRef, verdict } = approval;
  const before = state.approvals[approvalId];
  const known: ApprovalState = {
    ...approval,
    voids: before?.voids ?? 0,
    usedSignatures: before?.usedSignatures ?? [],
    ...(before?.revisedBy && { revisedBy: before.revisedBy }),
  };
  const asked = { ...state, approvals: { ...state.approvals, [approvalId]: known } };
  if (approval.kind === 'limit' && state.limitReached) return askedForMore(asked, known, state.limitReached.budget);
  return withCall(asked, toolCallId, {
    status: 'waiting',
    revision,
    digest,
    argumentsRef,
    verdict,
    ...(asksTogether(verdict) && { together: true }),
  });
};

const rejectedCall = (state: RunState, id: string, reasonRef: Given['reasonRef']): RunState => {
  const call = state.calls.find((one) => one.toolCallId === id);
  if (!call) return state;
  const { fingerprint, tool } = call;
  return {
    ...state,
    ...(fingerprint !== undefined && {
      rejected: { ...state.rejected, [fingerprint]: reasonRef ? { reasonRef } : {} },
    }),
    rejections: { ...state.rejections, [tool]: (state.rejections?.[tool] ?? 0) + 1 },
  };
};

const sentBack = (state: RunState, approvalId: string): RunState => {
  const approval = state.approvals[approvalId];
  if (!approval) return state;
  const { tool, revision, argumentsRef } = approval;
  return { ...state, revising: { ...state.revising, [tool]: { approvalId, revision, argumentsRef } } };
};

const decided = (state: RunState, { at, data }: EventOf<'approval.decided'>): RunState => {
  const { approvalId, actor, status, edited, executeBy, signatureId, reasonRef, stateEditsRef } = data;
  const id = callOf(state, approvalId);
  const closed = withApproval(state, approvalId, {
    status,
    decision: decisionOf(data, at),
    ...(executeBy !== undefined && { executeBy }),
    ...(edited && { digest: edited.digest, argumentsRef: edited.argumentsRef, verdict: edited.verdict }),
    ...withSignature(state, approvalId, signatureId),
  });
  const contributes = edited ?? stateEditsRef ?? (status === 'approved' ? undefined : (reasonRef ?? data.responseRef));
  const next = contributes ? withContributor(closed, actor.principal) : closed;
  switch (status) {
    case 'approved':
      return withCall(next, id, {
        status: approvedStatus(next, id),
        basis: 'consent',
        ...(edited && { digest: edited.digest, argumentsRef: edited.argumentsRef, verdict: edited.verdict }),
        ...(edited?.budget && { budget: edited.budget }),
      });
    case 'rejected':
      return rejectedCall(next, id, reasonRef);
    case 'superseded':
      return sentBack(next, approvalId);
    case 'answered':
      return next;
  }
};

/** A decision that the gate found invalid: the approval pends again, and every vote on it is void. */
const refused = (state: RunState, { data }: EventOf<'decision.refused'>): RunState => {
  const refusals = [...state.refusals, data].slice(-REMEMBERED_REFUSALS);
  const approval = state.approvals[data.approvalId];
  if (!data.voided || !approval) return { ...state, refusals };
  const { decision: _, executeBy: __, votes: ___, ...open } = approval;
  const pending: ApprovalState = { ...open, status: 'pending', voids: open.voids + 1 };
  const again = { ...state, refusals, approvals: { ...state.approvals, [data.approvalId]: pending } };
  return withCall(again, approval.toolCallId, { status: 'waiting' });
};

const expired = (state: RunState, { data }: EventOf<'approval.expired'>): RunState => {
  const { approvalId, outcome } = data;
  const closed = withApproval(state, approvalId, { status: 'expired' });
  if (outcome === 'allow') {
    const id = callOf(state, approvalId);
    return withCall(closed, id, { status: approvedStatus(closed, id), basis: 'expiry' });
  }
  if (outcome !== 'fail') return closed;
  const failing = { code: 'approval_expired', detail: `Nobody decided ${approvalId} in time.` };
  return { ...closed, failing };
};

export const evolveApproval = (state: RunState, event: ApprovalEvent): RunState => {
  switch (event.type) {
    case 'approval.requested':
      return requested(state, event);
    case 'approval.decided':
      return decided(state, event);
    case 'approval.vote_recorded': {
      const { approvalId, signatureId } = event.data;
      const votes = [...(state.approvals[approvalId]?.votes ?? []), decisionOf(event.data, event.at)];
      return withApproval(state, approvalId, { votes, ...withSignature(state, approvalId, signatureId) });
    }
    case 'approval.superseded': {
      const { approvalId, decisionId, signatureId, actor } = event.data;
      const revisedBy = [...(state.approvals[approvalId]?.revisedBy ?? []), decisionId];
      const used = withSignature(state, approvalId, signatureId);
      const superseded = withApproval(state, approvalId, { status: 'superseded', revisedBy, ...used });
      const { budget } = event.data.edited;
      const again = budget ? withCall(superseded, callOf(superseded, approvalId), { budget }) : superseded;
      return withContributor(again, actor.principal);
    }
    case 'approval.expiring':
      return withApproval(state, event.data.approvalId, { warned: true });
    case 'approval.reminded':
      return withApproval(state, event.data.approvalId, { reminded: event.data.reminder });
    case 'approval.extended':
      return withApproval(state, event.data.approvalId, { decideBy: event.data.decideBy, warned: false });
    case 'approval.escalated': {
      const { approvalId, step, decideBy } = event.data;
      return withApproval(state, approvalId, { escalated: step, decideBy, warned: false });
    }
    case 'approval.expired':
      return expired(state, event);
    case 'approval.reopened': {
      const { approvalId, decideBy } = event.data;
      const { escalated: _, votes: __, reminded: ___, ...rest } = state.approvals[approvalId] ?? ({} as ApprovalState);
      const pending: ApprovalState = { ...rest, status: 'pending', decideBy, warned: false };
      const reopened = { ...state, approvals: { ...state.approvals, [approvalId]: pending } };
      return withCall(reopened, pending.toolCallId, { status: 'waiting' });
    }
    case 'approval.withdrawn':
      return withApproval(state, event.data.approvalId, { status: 'withdrawn' });
    case 'decision.refused':
      return refused(state, event);
    // Told by the bridge: the run itself knows nothing of them.
    case 'approval.shown':
    case 'approval.claimed':
    case 'approval.released':
      return state;
  }
};
