/** Folds events into state. Total and pure: the same events always give the same state. */
import type { RunEvent } from '../schemas/event.ts';
import { raiseBudget } from './budget.ts';
import { evolveApproval } from './evolve-approval.ts';
import { asksTogether, releaseBatch, withCall } from './evolve-call.ts';
import { BLOCKED_ABOVE, concernsRun, isEnding, isMoving, isWaitingBelow } from './state.ts';
import type { Attention, CallState, RunState } from './state.ts';
import { isAnsweredByPeople } from './tool-roles.ts';
import { transferred, withTransferDue } from './transfers.ts';
import { addUsage } from './usage.ts';

const ended = (state: RunState, status: 'completed' | 'failed' | 'cancelled'): RunState => ({
  ...state,
  status,
  phase: 'over',
});

/** How many followed commands a run remembers. */
const REMEMBERED_COMMANDS = 200;

const follow = (state: RunState, commandId: string | undefined): RunState =>
  commandId === undefined
    ? state
    : { ...state, followed: [...(state.followed ?? []), commandId].slice(-REMEMBERED_COMMANDS) };

/** What may run at once, and on which grounds. Whatever is denied next is settled by its own event. */
const judgedCall = (
  call: Omit<CallState, 'status' | 'revision'> & { readonly revision?: number | undefined },
): CallState => {
  const { effect } = call.verdict ?? {};
  const { revision = 1, ...rest } = call;
  const isTogether = asksTogether(call.verdict);
  const judged = { ...rest, revision, ...(isTogether && { together: true as const }) };
  if (isAnsweredByPeople(call.role)) return { ...judged, status: 'judged' };
  if (effect === 'allow') return { ...judged, status: 'ready', basis: 'rule' };
  // A grant answers for one call, not for those that it belongs with.
  if (effect === 'ask' && call.grantId !== undefined)
    return { ...judged, status: isTogether ? 'held' : 'ready', basis: 'grant' };
  return { ...judged, status: 'judged' };
};

const heard = (state: RunState, { data }: Extract<RunEvent, { type: 'message.completed' }>): RunState => {
  const calls = releaseBatch(data.calls.map(judgedCall));
  const answered = new Set(calls.flatMap((call) => (call.supersedes === undefined ? [] : [call.tool])));
  const revising = Object.entries(state.revising ?? {}).filter(([tool]) => !answered.has(tool));
  const { attemptsGivenUp: _, compactions: __, compactDue: ___, ...rest } = state;
  return {
    ...rest,
    phase: calls.length > 0 ? 'tools' : 'idle',
    modelAttempt: 0,
    calls,
    toolCalls: state.toolCalls + calls.length,
    lastMessageRef: data.messageRef,
    ...(state.revising && { revising: Object.fromEntries(revising) }),
  };
};

const blocked = (state: RunState, { data }: Extract<RunEvent, { type: 'run.blocked' }>): RunState => {
  const { code, detail, toolCallId, reasonRef, detailRef, commandId } = data;
  const attention = {
    code,
    detail,
    ...(toolCallId !== undefined && { toolCallId }),
    ...(reasonRef && { reasonRef }),
    ...(detailRef && { detailRef }),
  };
  const attentions = [...(state.attentions ?? []), attention];
  const next = follow({ ...state, status: 'needs_attention', attentions }, commandId);
  return toolCallId === undefined ? next : withCall(next, toolCallId, { status: 'parked' });
};

const unblocked = (state: RunState, { data }: Extract<RunEvent, { type: 'run.unblocked' }>): RunState => {
  const isLifted = (attention: Attention): boolean =>
    data.inherited ? attention.code === BLOCKED_ABOVE : concernsRun(attention);
  const attentions = (state.attentions ?? []).filter((attention) => !isLifted(attention));
  const contributors = [...new Set([...(state.contributors ?? []), data.actor.principal])];
  return follow({ ...state, attentions, contributors, rejections: {} }, data.commandId);
};

const received = (state: RunState, { data }: Extract<RunEvent, { type: 'message.received' }>): RunState => {
  const contributors = [...new Set([...(state.contributors ?? []), data.actor.principal])];
  const messages = (state.messages ?? 0) + 1;
  const { duringTurn } = data;
  const unread = duringTurn === undefined ? {} : { messagedDuring: duringTurn };
  return follow({ ...state, contributors, messages, ...unread }, data.commandId);
};

/** Tried again, nothing is known of the run that carries it out. */
const started = (state: RunState, toolCallId: string): RunState => {
  const isKnownBelow = state.calls.some((call) => call.toolCallId === toolCallId && call.below !== undefined);
  return withCall(state, toolCallId, { status: 'running', ...(isKnownBelow && { below: 'running' as const }) });
};

const withoutAttention = (state: RunState, toolCallId: string): RunState => ({
  ...state,
  attentions: (state.attentions ?? []).filter((attention) => attention.toolCallId !== toolCallId),
});

const resolved = (state: RunState, { data }: Extract<RunEvent, { type: 'effect.resolved' }>): RunState => {
  const { toolCallId, resolution, actor, commandId } = data;
  const next = follow(withoutAttention(state, toolCallId), commandId);
  if (resolution === 'retry') return withCall(next, toolCallId, { status: 'ready' });
  const contributors = [...new Set([...(next.contributors ?? []), actor.principal])];
  const contributed = { ...next, contributors };
  // Given up before it ever ran: what belongs with it does not run either.
  const neverRan = resolution === 'fail' && data.epoch === 0;
  return neverRan ? withCall(contributed, toolCallId, { denied: true }) : contributed;
};

export const evolve = (state: RunState, event: RunEvent): RunState => {
  switch (event.type) {
    case 'run.started':
      return { ...state, startedAt: event.at };
    case 'run.suspended':
      return { ...state, status: 'suspended' };
    case 'run.resumed':
      return { ...state, status: 'running' };
    case 'run.blocked':
      return blocked(state, event);
    case 'run.unblocked':
      return unblocked(state, event);
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
    case 'model.fell_back': {
      const { retryAt: _, ...rest } = state;
      return { ...rest, modelIndex: (state.modelIndex ?? 0) + 1, attemptsGivenUp: state.modelAttempt };
    }
    case 'context.filled': {
      const { retryAt: _, ...rest } = state;
      return { ...rest, compactDue: true, attemptsGivenUp: state.modelAttempt };
    }
    case 'context.compacted': {
      const { compactDue: _, ...rest } = state;
      const modelAttempt = state.modelAttempt + 1;
      const compactions = (state.compactions ?? 0) + 1;
      return { ...rest, phase: 'idle', modelAttempt, attemptsGivenUp: modelAttempt, compactions };
    }
    case 'message.completed':
      return heard(state, event);
    case 'message.received':
      return received(state, event);
    case 'usage.recorded':
      return { ...state, usage: addUsage(state.usage, event.data) };
    case 'tool.started':
      return started(state, event.data.toolCallId);
    case 'sub_run.changed':
      return withCall(state, event.data.toolCallId, { below: event.data.status });
    case 'run.transferred':
      return transferred(state, event);
    case 'tool.completed':
      return withCall(withTransferDue(state, event), event.data.toolCallId, { status: 'settled' });
    case 'tool.failed':
      return withCall(state, event.data.toolCallId, { status: 'settled' });
    case 'tool.denied':
      return withCall(state, event.data.toolCallId, { status: 'settled', denied: true });
    case 'tool.outcome_unknown':
      return withCall(state, event.data.toolCallId, { status: 'parked', unknownEpoch: event.data.epoch ?? 1 });
    case 'effect.resolved':
      return resolved(state, event);
    case 'effect.rechecked':
      return withCall(withoutAttention(state, event.data.toolCallId), event.data.toolCallId, { status: 'ready' });
    case 'output.invalid':
    case 'contract.unmet':
      return { ...state, repairs: state.repairs + 1 };
    case 'command.ignored':
      return { ...state, ignoredCommands: event.data.ignored };
    case 'command.refused':
      return follow(state, event.data.commandId);
    case 'budget.reached':
      return { ...state, limitReached: event.data };
    case 'budget.raised': {
      const budget = raiseBudget(state.budget ?? state.limits.budget ?? {}, event.data.budget);
      return withCall({ ...state, budget }, event.data.key, { status: 'settled' });
    }
    case 'approval.extended':
      return evolveApproval(follow(state, event.data.commandId), event);
    case 'approval.requested':
    case 'approval.decided':
    case 'approval.vote_recorded':
    case 'approval.superseded':
    case 'approval.expiring':
    case 'approval.reminded':
    case 'approval.escalated':
    case 'approval.expired':
    case 'approval.reopened':
    case 'approval.withdrawn':
    case 'decision.refused':
      return evolveApproval(state, event);
    // Told by the gate, the store or the bridge: the run itself knows nothing of them.
    case 'run.queued':
    case 'run.dequeued':
    case 'text.guarded':
    case 'approval.shown':
    case 'approval.claimed':
    case 'approval.released':
    case 'tool.progress':
    case 'tool.held':
    case 'tool.queued':
    case 'tool.claimed':
    case 'brake.bypassed':
    case 'grant.used':
    case 'effect.late':
    case 'contract.met':
      return state;
  }
};

/** Needing somebody beats waiting for a decision, which beats running. Being ended is events' to say. */
export const derivedStatus = (state: RunState): 'running' | 'suspended' | 'needs_attention' => {
  if (isEnding(state)) return 'running';
  if ((state.attentions ?? []).length > 0) return 'needs_attention';
  const waits =
    state.phase === 'tools' && state.calls.some((call) => call.status === 'waiting' || isWaitingBelow(call));
  const moves = isMoving(state) || state.calls.some((call) => call.status === 'ready' || call.status === 'judged');
  return waits && !moves ? 'suspended' : 'running';
};
