/**
 * The run's decisions: a state, a command and the time give events, never effects. Workflow, classic loop and tests
 * drive the same function.
 */
import type { Actor, Channel } from '../schemas/actor.ts';
import type { RunEvent } from '../schemas/event.ts';
import type { BlobRef } from '../schemas/names.ts';
import type { ModelStepResult, ToolStepResult } from '../schemas/step.ts';
import { derivedStatus, evolve } from './evolve.ts';
import { effectKey } from './ids.ts';
import { judgeDecision } from './judge-decision.ts';
import type { AttestedDecision } from './judge-decision.ts';
import { judgeModelStep } from './judge-model-step.ts';
import { judgeToolStep } from './judge-tool-step.ts';
import { isFinished } from './run-status.ts';
import { hasWorkInFlight, isReady, pendingApprovals } from './state.ts';
import type { RunState } from './state.ts';
import { DENIAL_TEXTS, MODEL_TEXTS } from './texts.ts';

export type CoreCommand =
  | { readonly type: 'start'; readonly inputRef: BlobRef; readonly conversationId?: string }
  | { readonly type: 'begin_turn' }
  | { readonly type: 'model_settled'; readonly result: ModelStepResult }
  | { readonly type: 'dispatch'; readonly toolCallId: string }
  | { readonly type: 'tool_settled'; readonly toolCallId: string; readonly result: ToolStepResult }
  | { readonly type: 'decide'; readonly given: AttestedDecision }
  | { readonly type: 'cancel'; readonly actor?: Actor; readonly channel: Channel; readonly reasonRef?: BlobRef }
  /** Time has passed: whatever is due expires, whatever can end ends. */
  | { readonly type: 'tick' }
  | { readonly type: 'ignore'; readonly signal: string; readonly code: string };

const beginTurn = (state: RunState, now: number): RunEvent[] => {
  if (state.phase !== 'idle' || state.cancel) return [];
  const turn = state.modelAttempt > 0 ? state.turn : state.turn + 1;
  if (turn > state.limits.maxTurns) {
    const detail = MODEL_TEXTS.turn_limit(state.limits.maxTurns);
    return [{ type: 'run.failed', at: now, data: { code: 'turn_limit', detail } }];
  }
  return [{ type: 'turn.started', at: now, data: { turn } }];
};

const dispatch = (state: RunState, id: string, now: number): RunEvent[] => {
  const call = state.calls.find((one) => one.toolCallId === id);
  if (!call || !isReady(call) || state.cancel) return [];
  const { toolCallId, tool, basis, digest, revision } = call;
  const key = effectKey(state.identity.runId, toolCallId, revision);
  return [{ type: 'tool.started', at: now, data: { toolCallId, tool, basis, digest, effectKey: key } }];
};

const requestCancel = (state: RunState, command: Extract<CoreCommand, { type: 'cancel' }>, now: number): RunEvent[] => {
  if (state.cancel) return [];
  const { type: _, ...data } = command;
  const withdrawn = pendingApprovals(state).map(({ approvalId, revision }): RunEvent => ({
    type: 'approval.withdrawn',
    at: now,
    data: { approvalId, revision },
  }));
  return [{ type: 'run.cancel_requested', at: now, data }, ...withdrawn];
};

const expireDue = (state: RunState, now: number): RunEvent[] =>
  pendingApprovals(state)
    .filter((approval) => approval.decideBy <= now)
    .flatMap(({ approvalId, revision, toolCallId, tool }): RunEvent[] => [
      { type: 'approval.expired', at: now, data: { approvalId, revision } },
      { type: 'tool.denied', at: now, data: { toolCallId, tool, code: 'expired', message: DENIAL_TEXTS.expired } },
    ]);

const eventsOf = (state: RunState, command: CoreCommand, now: number): RunEvent[] => {
  switch (command.type) {
    case 'start': {
      const { agent, agentDigest, policyDigest, requester } = state.identity;
      const { inputRef, conversationId } = command;
      const data = { agent, agentDigest, policyDigest, requester, inputRef, ...(conversationId && { conversationId }) };
      return state.startedAt === 0 ? [{ type: 'run.started', at: now, data }] : [];
    }
    case 'begin_turn':
      return beginTurn(state, now);
    case 'model_settled':
      return judgeModelStep(state, command.result, now);
    case 'dispatch':
      return dispatch(state, command.toolCallId, now);
    case 'tool_settled':
      return judgeToolStep(state, command.toolCallId, command.result, now);
    case 'decide':
      return judgeDecision(state, command.given, now);
    case 'cancel':
      return requestCancel(state, command, now);
    case 'tick':
      return expireDue(state, now);
    case 'ignore': {
      const { signal, code } = command;
      return [{ type: 'command.ignored', at: now, data: { signal, code, ignored: state.ignoredCommands + 1 } }];
    }
  }
};

/** A cancelled run ends once nothing is out any more: what was under way is recorded first. */
const endOfCancelled = (state: RunState, now: number): RunEvent[] =>
  state.cancel && !isFinished(state.status) && !hasWorkInFlight(state)
    ? [{ type: 'run.cancelled', at: now, data: state.cancel }]
    : [];

const changeOfStatus = (state: RunState, now: number): RunEvent[] => {
  if (state.status !== 'running' && state.status !== 'suspended') return [];
  const status = derivedStatus(state);
  if (status === state.status) return [];
  return [{ type: status === 'suspended' ? 'run.suspended' : 'run.resumed', at: now, data: {} }];
};

export interface Step {
  readonly state: RunState;
  readonly events: readonly RunEvent[];
}

const fold = (step: Step, more: readonly RunEvent[]): Step => ({
  state: more.reduce(evolve, step.state),
  events: [...step.events, ...more],
});

/** Handles one command to its end: its events, and what follows for the run's status. A finished run changes no more. */
export const decide = (state: RunState, command: CoreCommand, now: number): Step => {
  const before: Step = { state, events: [] };
  if (isFinished(state.status) && command.type !== 'decide') return before;
  let step = fold(before, eventsOf(state, command, now));
  step = fold(step, endOfCancelled(step.state, now));
  return fold(step, changeOfStatus(step.state, now));
};
