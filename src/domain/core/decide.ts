/**
 * The run's decisions: a state, a command and the time give events, never effects. Workflow, classic loop and tests
 * drive the same function.
 */
import type { ExtendCommand, MessageCommand, ResolveCommand, UnblockCommand } from '../schemas/command.ts';
import type { EventOf, RunEvent } from '../schemas/event.ts';
import type { BlobRef } from '../schemas/names.ts';
import type { Usage } from '../schemas/run.ts';
import type { ModelStepResult, ReachedLimit, ToolStepResult } from '../schemas/step.ts';
import { dueEvents } from './clocks.ts';
import { derivedStatus, evolve } from './evolve.ts';
import { doomedByBatch } from './evolve-call.ts';
import { approvalId, effectKey } from './ids.ts';
import {
  judgeBlock,
  judgeBlockAbove,
  judgeExtend,
  judgeRecheck,
  judgeResolve,
  judgeSubRunStatus,
  judgeUnblock,
  refused,
} from './judge-command.ts';
import type { Attested, Block } from './judge-command.ts';
import { judgeDecision } from './judge-decision.ts';
import type { AttestedDecision } from './judge-decision.ts';
import { askForMore, raisedLimits } from './judge-limit.ts';
import { judgeMessage } from './judge-message.ts';
import { judgeModelStep } from './judge-model-step.ts';
import { judgeToolStep } from './judge-tool-step.ts';
import { isFinished } from './run-status.ts';
import { hasWorkInFlight, isBlocked, isEnding, isReady, limitsOf, pendingApprovals } from './state.ts';
import type { CallState, RunState } from './state.ts';
import { transferEvents } from './transfers.ts';
import { ATTENTION_TEXTS, DENIAL_TEXTS, MODEL_TEXTS } from './texts.ts';

export type CoreCommand =
  | {
      readonly type: 'start';
      readonly inputRef: BlobRef;
      readonly conversationId?: string;
      readonly stateRef?: BlobRef;
      /** Of a sub-run: the call that it carries out. */
      readonly parent?: { readonly runId: string; readonly toolCallId: string };
    }
  | { readonly type: 'begin_turn' }
  | { readonly type: 'model_settled'; readonly result: ModelStepResult }
  | { readonly type: 'dispatch'; readonly toolCallId: string }
  | {
      readonly type: 'tool_settled';
      readonly toolCallId: string;
      readonly result: ToolStepResult;
      /** What the sub-run that carried it out has used. */
      readonly subRun?: {
        readonly runId: string;
        readonly usage: Usage;
        /** Its use leaves no budget for another turn. */
        readonly limit?: ReachedLimit | undefined;
      };
    }
  | { readonly type: 'decide'; readonly given: AttestedDecision }
  | { readonly type: 'extend'; readonly given: Attested<ExtendCommand> }
  | { readonly type: 'block'; readonly given: Block }
  /** The run above is blocked. */
  | { readonly type: 'block_above' }
  /** What a sub-run says that it is at. */
  | { readonly type: 'sub_run_status'; readonly toolCallId: string; readonly status: NonNullable<CallState['below']> }
  | { readonly type: 'unblock'; readonly given: Attested<UnblockCommand> }
  | { readonly type: 'message'; readonly given: Attested<MessageCommand> }
  | { readonly type: 'resolve'; readonly given: Attested<ResolveCommand> }
  /** The outcome of a parked call may be known by now. */
  | { readonly type: 'recheck'; readonly toolCallId: string }
  | ({ readonly type: 'cancel' } & EventOf<'run.cancel_requested'>['data'])
  /** Its driver ends it, once nothing is out any more. */
  | { readonly type: 'fail'; readonly code: string; readonly detail: string }
  /** Time has passed: whatever is due expires, whatever can end ends. */
  | { readonly type: 'tick' }
  | { readonly type: 'ignore'; readonly signal: string; readonly code: string };

const beginTurn = (state: RunState, now: number): RunEvent[] => {
  if (state.phase !== 'idle' || isEnding(state) || isBlocked(state)) return [];
  if (state.limitReached && state.modelAttempt === 0) return askForMore(state, state.limitReached, now);
  const turn = state.modelAttempt > 0 ? state.turn : state.turn + 1;
  // Who has a budget of turns is asked instead.
  if (turn > state.limits.maxTurns && state.limits.budget?.turns === undefined) {
    const detail = MODEL_TEXTS.turn_limit(state.limits.maxTurns);
    return [{ type: 'run.failed', at: now, data: { code: 'turn_limit', detail } }];
  }
  return [...transferEvents(state, now), { type: 'turn.started', at: now, data: { turn } }];
};

const dispatch = (state: RunState, id: string, now: number): RunEvent[] => {
  const call = state.calls.find((one) => one.toolCallId === id);
  if (!call || !isReady(call) || isEnding(state) || isBlocked(state)) return [];
  const { toolCallId, tool, basis, digest, revision } = call;
  const key = effectKey(state.identity.runId, toolCallId, revision);
  return [{ type: 'tool.started', at: now, data: { toolCallId, tool, basis, digest, effectKey: key } }];
};

/** Told once, with the end of the call that it carried out. */
const usedBySubRun = (
  state: RunState,
  { toolCallId, subRun }: Extract<CoreCommand, { type: 'tool_settled' }>,
  now: number,
): RunEvent[] => {
  const isOut = state.calls.some((call) => call.toolCallId === toolCallId && call.status === 'running');
  if (!subRun || !isOut) return [];
  const { usage, runId, limit } = subRun;
  // What nobody counted is left out of it.
  const isNothing = usage.inputTokens + usage.outputTokens === 0 && Object.keys(usage).length === 2;
  if (isNothing) return [];
  const data = { turn: state.turn, ...usage, subRunId: runId };
  const reached: RunEvent[] =
    limit && !isEnding(state) ? [{ type: 'budget.reached', at: now, data: { turn: state.turn, ...limit } }] : [];
  return [{ type: 'usage.recorded', at: now, data }, ...reached];
};

const requestCancel = (state: RunState, command: Extract<CoreCommand, { type: 'cancel' }>, now: number): RunEvent[] => {
  if (state.cancel) return [];
  const { type: _, ...data } = command;
  return [{ type: 'run.cancel_requested', at: now, data }];
};

const fail = (state: RunState, { code, detail }: Extract<CoreCommand, { type: 'fail' }>, now: number): RunEvent[] =>
  hasWorkInFlight(state) || isEnding(state) ? [] : [{ type: 'run.failed', at: now, data: { code, detail } }];

const eventsOf = (state: RunState, command: CoreCommand, now: number): RunEvent[] => {
  switch (command.type) {
    case 'start': {
      const { agent, agentDigest, policyDigest, requester } = state.identity;
      const { inputRef, conversationId, stateRef, parent } = command;
      const data = {
        agent,
        agentDigest,
        policyDigest,
        requester,
        inputRef,
        ...(state.contributors && { contributors: [...state.contributors] }),
        ...(conversationId && { conversationId }),
        ...(stateRef && { stateRef }),
        ...(parent && { parentRunId: parent.runId, toolCallId: parent.toolCallId }),
      };
      return state.startedAt === 0 ? [{ type: 'run.started', at: now, data }] : [];
    }
    case 'begin_turn':
      return beginTurn(state, now);
    case 'model_settled':
      return judgeModelStep(state, command.result, now);
    case 'dispatch':
      return dispatch(state, command.toolCallId, now);
    case 'tool_settled':
      return [...usedBySubRun(state, command, now), ...judgeToolStep(state, command.toolCallId, command.result, now)];
    case 'decide':
      return judgeDecision(state, command.given, now);
    case 'extend':
      return judgeExtend(state, command.given, now);
    case 'block':
      return judgeBlock(state, command.given, now);
    case 'block_above':
      return judgeBlockAbove(state, now);
    case 'sub_run_status':
      return judgeSubRunStatus(state, command, now);
    case 'unblock':
      return judgeUnblock(state, command.given, now);
    case 'message':
      return judgeMessage(state, command.given, now);
    case 'resolve':
      return judgeResolve(state, command.given, now);
    case 'recheck':
      return judgeRecheck(state, command.toolCallId, now);
    case 'cancel':
      return requestCancel(state, command, now);
    case 'fail':
      return fail(state, command, now);
    case 'tick':
      return dueEvents(state, now);
    case 'ignore': {
      const { signal, code } = command;
      return [{ type: 'command.ignored', at: now, data: { signal, code, ignored: state.ignoredCommands + 1 } }];
    }
  }
};

/** Nobody decides for a run whose end has been decided. */
const withdrawals = (state: RunState, now: number): RunEvent[] =>
  isEnding(state)
    ? pendingApprovals(state).map(({ approvalId: id, revision }): RunEvent => ({
        type: 'approval.withdrawn',
        at: now,
        data: { approvalId: id, revision },
      }))
    : [];

/** One that is refused takes along those that it belongs with. */
const brokenBatch = (state: RunState, now: number): RunEvent[] =>
  (isEnding(state) ? [] : doomedByBatch(state)).flatMap(({ toolCallId, tool, revision, status }): RunEvent[] => {
    const message = DENIAL_TEXTS.batch_denied;
    const denied: RunEvent = {
      type: 'tool.denied',
      at: now,
      data: { toolCallId, tool, code: 'batch_denied', message },
    };
    const id = approvalId(state.identity.runId, toolCallId);
    return status === 'waiting'
      ? [{ type: 'approval.withdrawn', at: now, data: { approvalId: id, revision } }, denied]
      : [denied];
  });

/** A tool that people keep rejecting is not asked for again before somebody has looked. */
const rejectedTooOften = (state: RunState, now: number): RunEvent[] => {
  const { maxRejections } = limitsOf(state);
  if (isEnding(state) || isFinished(state.status)) return [];
  if (state.attentions?.some(({ code }) => code === 'too_many_rejections')) return [];
  const [tool, times] = Object.entries(state.rejections ?? {}).find(([, count]) => count >= maxRejections) ?? [];
  if (tool === undefined || times === undefined) return [];
  const detail = ATTENTION_TEXTS.too_many_rejections(tool, times);
  return [{ type: 'run.blocked', at: now, data: { code: 'too_many_rejections', detail } }];
};

/** A run that is ending ends once nothing is out any more: what was under way is recorded first. */
const ending = (state: RunState, now: number): RunEvent[] => {
  if (isFinished(state.status) || hasWorkInFlight(state)) return [];
  if (state.cancel) return [{ type: 'run.cancelled', at: now, data: state.cancel }];
  return state.failing ? [{ type: 'run.failed', at: now, data: state.failing }] : [];
};

const changeOfStatus = (state: RunState, now: number): RunEvent[] => {
  if (isFinished(state.status)) return [];
  const status = derivedStatus(state);
  // Needing attention is told by the event that brought it about.
  if (status === state.status || status === 'needs_attention') return [];
  return [{ type: status === 'suspended' ? 'run.suspended' : 'run.resumed', at: now, data: {} }];
};

/** What follows from a change, each from the state that the one before it left. */
const CONSEQUENCES = [raisedLimits, brokenBatch, rejectedTooOften, withdrawals, ending, changeOfStatus] as const;

export interface Step {
  readonly state: RunState;
  readonly events: readonly RunEvent[];
}

const fold = (step: Step, more: readonly RunEvent[]): Step => ({
  state: more.reduce(evolve, step.state),
  events: [...step.events, ...more],
});

/** A run that is over answers whoever commands something, and changes no more. */
const tooLate = (state: RunState, command: CoreCommand, now: number): RunEvent[] => {
  switch (command.type) {
    case 'decide':
      return judgeDecision(state, command.given, now);
    case 'extend':
    case 'block':
    case 'unblock':
    case 'message':
    case 'resolve':
      return command.given.command ? refused(state, command.given.command, 'run_over', now) : [];
    default:
      return [];
  }
};

/** Handles one command to its end: its events, and what follows for the run's status. A finished run changes no more. */
export const decide = (state: RunState, command: CoreCommand, now: number): Step => {
  const before: Step = { state, events: [] };
  if (isFinished(state.status)) return fold(before, tooLate(state, command, now));
  const handled = fold(before, eventsOf(state, command, now));
  return CONSEQUENCES.reduce((step, consequence) => fold(step, consequence(step.state, now)), handled);
};
