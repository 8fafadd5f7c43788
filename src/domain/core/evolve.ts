/** Folds events into state. Total and pure: the same events always give the same state. */
import type { RunEvent } from '../schemas/event.ts';
import { REMEMBERED_REFUSALS, hasWorkInFlight } from './state.ts';
import type { ApprovalState, CallState, RunState } from './state.ts';

const withCall = (state: RunState, id: string, change: Partial<CallState>): RunState => {
  const calls = state.calls.map((call) => (call.toolCallId === id ? { ...call, ...change } : call));
  const allSettled = calls.every((call) => call.status === 'settled');
  return { ...state, calls, phase: state.phase === 'tools' && allSettled ? 'idle' : state.phase };
};

const withApproval = (state: RunState, id: string, change: Partial<ApprovalState>): RunState => {
  const approval = state.approvals[id];
  return approval ? { ...state, approvals: { ...state.approvals, [id]: { ...approval, ...change } } } : state;
};

const callOf = (state: RunState, approvalId: string): string => state.approvals[approvalId]?.toolCallId ?? '';

const ended = (state: RunState, status: 'completed' | 'failed' | 'cancelled'): RunState => ({
  ...state,
  status,
  phase: 'over',
});

export const evolve = (state: RunState, event: RunEvent): RunState => {
  switch (event.type) {
    case 'run.started':
      return { ...state, startedAt: event.at };
    case 'run.suspended':
      return { ...state, status: 'suspended' };
    case 'run.resumed':
      return { ...state, status: 'running' };
    case 'run.blocked': {
      const { toolCallId, ...attention } = event.data;
      const blocked: RunState = { ...state, status: 'needs_attention', attention };
      return toolCallId ? withCall(blocked, toolCallId, { status: 'parked' }) : blocked;
    }
    case 'run.cancel_requested':
      return { ...state, cancel: event.data };
    case 'run.completed':
      return ended(state, 'completed');
    case 'run.failed':
      return ended(state, 'failed');
    case 'run.cancelled':
      return ended(state, 'cancelled');
    case 'turn.started': {
      const { retryAt: _, ...rest } = state;
      return { ...rest, phase: 'asking', turn: event.data.turn, calls: [], approvals: {} };
    }
    case 'message.restarted': {
      const { retryAt } = event.data;
      const restarted: RunState = { ...state, phase: 'idle', modelAttempt: state.modelAttempt + 1 };
      return retryAt === undefined ? restarted : { ...restarted, retryAt };
    }
    case 'message.completed': {
      const calls = event.data.calls.map((call): CallState => ({
        ...call,
        revision: 1,
        status: call.verdict?.effect === 'allow' ? 'ready' : 'judged',
      }));
      return {
        ...state,
        phase: calls.length > 0 ? 'tools' : 'idle',
        modelAttempt: 0,
        calls: calls.map((call) => (call.status === 'ready' ? { ...call, basis: 'rule' } : call)),
        toolCalls: state.toolCalls + calls.length,
        lastMessageRef: event.data.messageRef,
      };
    }
    case 'usage.recorded':
      return {
        ...state,
        usage: {
          inputTokens: state.usage.inputTokens + event.data.inputTokens,
          outputTokens: state.usage.outputTokens + event.data.outputTokens,
        },
      };
    case 'approval.requested': {
      const { approval } = event.data;
      const known: ApprovalState = { ...approval, voids: 0, usedSignatures: [] };
      const asked = { ...state, approvals: { ...state.approvals, [approval.approvalId]: known } };
      return withCall(asked, approval.toolCallId, { status: 'waiting' });
    }
    case 'approval.decided': {
      const { approvalId, decisionId, decision, actor, channel, reasonRef, executeBy, status, signatureId } =
        event.data;
      const decided = withApproval(state, approvalId, {
        status,
        decision: { decisionId, decision, actor, channel, decidedAt: event.at, ...(reasonRef && { reasonRef }) },
        ...(executeBy !== undefined && { executeBy }),
        usedSignatures: [...(state.approvals[approvalId]?.usedSignatures ?? []), signatureId],
      });
      return status === 'approved'
        ? withCall(decided, callOf(state, approvalId), { status: 'ready', basis: 'consent' })
        : decided;
    }
    case 'decision.refused': {
      const { approvalId, voided } = event.data;
      const refusals = [...state.refusals, event.data].slice(-REMEMBERED_REFUSALS);
      if (!voided) return { ...state, refusals };
      const { decision: _, executeBy: __, ...open } = state.approvals[approvalId] ?? ({} as ApprovalState);
      const pending: ApprovalState = { ...open, status: 'pending', voids: (open.voids ?? 0) + 1 };
      const again = { ...state, refusals, approvals: { ...state.approvals, [approvalId]: pending } };
      return withCall(again, callOf(state, approvalId), { status: 'waiting' });
    }
    case 'approval.expired':
      return withApproval(state, event.data.approvalId, { status: 'expired' });
    case 'approval.withdrawn':
      return withApproval(state, event.data.approvalId, { status: 'withdrawn' });
    case 'tool.started':
      return withCall(state, event.data.toolCallId, { status: 'running' });
    case 'tool.completed':
    case 'tool.failed':
    case 'tool.denied':
      return withCall(state, event.data.toolCallId, { status: 'settled' });
    case 'tool.outcome_unknown':
      return withCall(state, event.data.toolCallId, { status: 'parked' });
    case 'contract.unmet':
      return { ...state, repairs: state.repairs + 1 };
    case 'contract.met':
      return state;
    case 'command.ignored':
      return { ...state, ignoredCommands: event.data.ignored };
  }
};

/** Running, or suspended where everything left to do waits for a person. Being blocked and ended are events' to say. */
export const derivedStatus = (state: RunState): 'running' | 'suspended' => {
  const waits = state.phase === 'tools' && state.calls.some((call) => call.status === 'waiting');
  const moves =
    hasWorkInFlight(state) || state.calls.some((call) => call.status === 'ready' || call.status === 'judged');
  return waits && !moves && !state.cancel ? 'suspended' : 'running';
};
