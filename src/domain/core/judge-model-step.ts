/** What a model's answer leads to: approvals to ask for, calls to deny, the end of the run. */
import type { RunEvent, JudgedCall } from '../schemas/event.ts';
import type { BlobRef } from '../schemas/names.ts';
import type { ModelStepResult } from '../schemas/step.ts';
import { isUnread } from './judge-message.ts';
import { openApproval } from './open-approval.ts';
import { isBlocked, isEnding, limitsOf } from './state.ts';
import type { RunState } from './state.ts';
import { nextInSequence } from './transfers.ts';
import { ATTENTION_TEXTS, DENIAL_TEXTS, MODEL_TEXTS } from './texts.ts';

type Answered = Extract<ModelStepResult, { type: 'answered' }>;

const BASE_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

const denied = (
  { toolCallId, tool }: JudgedCall,
  reason: { readonly code: string; readonly message: string; readonly reasonRef?: BlobRef | undefined },
  now: number,
): RunEvent => {
  const { code, message, reasonRef } = reason;
  return { type: 'tool.denied', at: now, data: { toolCallId, tool, code, message, ...(reasonRef && { reasonRef }) } };
};

/** Nobody can be waited for: the model hears why, and which rule wants it so. */
const cannotAsk = (call: JudgedCall, reason: string, now: number): RunEvent => {
  const message = `${DENIAL_TEXTS.classic_cannot_ask} ${reason}`;
  return denied(call, { code: 'classic_cannot_ask', message }, now);
};

/** What one call leads to; nothing where it may run at once. `room`: approvals that may still be asked for. */
const asked = (state: RunState, call: JudgedCall, room: number, now: number): RunEvent[] => {
  const { toolCallId, verdict, argumentsRef, digest, fingerprint } = call;
  const refuse = (code: keyof typeof DENIAL_TEXTS, reasonRef?: BlobRef): RunEvent[] => [
    denied(call, { code, message: DENIAL_TEXTS[code], reasonRef }, now),
  ];
  if (call.problem) return [denied(call, call.problem, now)];
  if (!verdict || !argumentsRef || !digest)
    return [denied(call, { code: 'not_judged', message: DENIAL_TEXTS.policy_denied }, now)];
  if (verdict.effect === 'deny') {
    const message = `${DENIAL_TEXTS.policy_denied} ${verdict.reason}`;
    return [denied(call, { code: 'policy_denied', message }, now)];
  }
  if (call.role === 'block') {
    const { reasonRef } = call;
    const data = { code: 'blocked_by_agent', detail: ATTENTION_TEXTS.blocked_by_agent, toolCallId };
    return [{ type: 'run.blocked', at: now, data: { ...data, ...(reasonRef && { reasonRef }) } }];
  }
  const rejected = fingerprint === undefined ? undefined : state.rejected?.[fingerprint];
  if (rejected) return refuse('already_rejected', rejected.reasonRef);
  const asks = call.role === 'question' || (verdict.effect === 'ask' && call.grantId === undefined);
  if (!asks) return [];
  if (state.execution === 'classic') return [cannotAsk(call, verdict.reason, now)];
  if (room <= 0) return refuse('too_many_pending');
  const { revision = 1, supersedes, previousArgumentsRef } = call;
  const given = {
    verdict,
    argumentsRef,
    digest,
    revision,
    ...(supersedes !== undefined && { supersedes }),
    ...(previousArgumentsRef && { previousArgumentsRef }),
  };
  return [openApproval(state, call, given, now)];
};

const judgedCalls = (state: RunState, calls: readonly JudgedCall[], now: number): RunEvent[] => {
  let room = limitsOf(state).maxPending;
  return calls.flatMap((call) => {
    const events = asked(state, call, room, now);
    room -= events.filter((event) => event.type === 'approval.requested').length;
    return events;
  });
};

const ending = (state: RunState, answer: Answered, now: number): RunEvent[] => {
  const { outputFaultRef: reasonRef } = answer;
  if (reasonRef) {
    const invalid: RunEvent = { type: 'output.invalid', at: now, data: { turn: state.turn, reasonRef } };
    if (state.repairs < state.limits.repairTurns) return [invalid];
    const data = { code: 'output_invalid', detail: MODEL_TEXTS.output_invalid };
    return [invalid, { type: 'run.failed', at: now, data }];
  }
  const { missing, receipts } = answer.contract ?? { missing: [], receipts: [] };
  if (missing.length > 0) {
    const unmet: RunEvent = { type: 'contract.unmet', at: now, data: { missing } };
    if (state.repairs < state.limits.repairTurns) return [unmet];
    const detail = MODEL_TEXTS.contract_unmet(missing.map((artifact) => artifact.path));
    return [unmet, { type: 'run.failed', at: now, data: { code: 'contract_unmet', detail } }];
  }
  const met: RunEvent[] = receipts.length > 0 ? [{ type: 'contract.met', at: now, data: { receipts } }] : [];
  if (answer.next) return [...met, nextInSequence(state, answer.next, now)];
  return [...met, { type: 'run.completed', at: now, data: { messageRef: answer.messageRef, receipts } }];
};

/** Another model would be asked the same: what is wrong with the request stays wrong. */
const FAULTS_OF_THE_REQUEST = new Set(['context_too_long', 'response_too_large', 'bad_request', 'invalid_parameters']);

/** Nothing where there is no other model to ask, or it could not help. */
const fallingBack = ({ turn }: RunState, { code, model, nextModel }: Failed, now: number): RunEvent[] =>
  model === undefined || nextModel === undefined || FAULTS_OF_THE_REQUEST.has(code)
    ? []
    : [
        { type: 'message.restarted', at: now, data: { turn, code } },
        { type: 'model.fell_back', at: now, data: { turn, from: model, to: nextModel, code } },
      ];

type Failed = Extract<ModelStepResult, { type: 'failed' }>;

/** Of one turn: what is still too long after that stays so. */
const MAX_COMPACTIONS = 3;

const compacting = ({ turn }: RunState, code: string, now: number): RunEvent[] => [
  { type: 'message.restarted', at: now, data: { turn, code } },
  { type: 'context.filled', at: now, data: { turn, reason: 'refused' } },
];

const compacted = (
  { turn }: RunState,
  { throughTurn, summaryRef, usage, model }: Extract<ModelStepResult, { type: 'compacted' }>,
  now: number,
): RunEvent[] => [
  { type: 'usage.recorded', at: now, data: { turn, ...usage, model } },
  { type: 'context.compacted', at: now, data: { turn, throughTurn, summaryRef, model } },
];

const failed = (state: RunState, result: Failed, now: number): RunEvent[] => {
  const { code, message, retryable } = result;
  if (result.mayCompact && (state.compactions ?? 0) < MAX_COMPACTIONS) return compacting(state, code, now);
  const attempts = state.modelAttempt - (state.attemptsGivenUp ?? 0);
  if (!retryable || attempts + 1 >= state.limits.maxModelAttempts) {
    const fallBack = fallingBack(state, result, now);
    return fallBack.length > 0 ? fallBack : [{ type: 'run.failed', at: now, data: { code, detail: message } }];
  }
  const backoffMs = Math.min(BASE_RETRY_MS * 2 ** attempts, MAX_RETRY_MS);
  const retryAt = now + (result.retryAfterMs ?? backoffMs);
  return [{ type: 'message.restarted', at: now, data: { turn: state.turn, code, retryAt } }];
};

const usageOfFailed = (state: RunState, { usage, model }: Failed, now: number): RunEvent[] => {
  if (!usage) return [];
  const data = { turn: state.turn, ...usage, ...(model !== undefined && { model }), failed: true as const };
  return [{ type: 'usage.recorded', at: now, data }];
};

export const judgeModelStep = (state: RunState, result: ModelStepResult, now: number): RunEvent[] => {
  if (state.phase !== 'asking') return [];
  const { turn } = state;
  if (result.type === 'failed') {
    const counted = usageOfFailed(state, result, now);
    if (isEnding(state))
      return [...counted, { type: 'message.restarted', at: now, data: { turn, code: 'run_cancelled' } }];
    return [...counted, ...failed(state, result, now)];
  }
  if (result.type === 'compacted') return compacted(state, result, now);
  const { messageRef, finishReason, calls, usage, model, limit } = result;
  const heard: RunEvent[] = [
    {
      type: 'message.completed',
      at: now,
      data: { turn, messageRef, finishReason, calls, ...(result.hidden && { hidden: true as const }) },
    },
    { type: 'usage.recorded', at: now, data: { turn, ...usage, ...(model !== undefined && { model }) } },
  ];
  // A run that is ending keeps what the model said and asks for nothing more.
  if (isEnding(state)) return heard;
  // Nor does a blocked one end: once it is unblocked, the model hears the note. Nor one to which somebody has spoken
  // meanwhile: the model reads that first.
  const goesOn = isBlocked(state) || isUnread(state);
  const ends = (): RunEvent[] => (goesOn ? [] : ending(state, result, now));
  const follows = calls.length > 0 ? judgedCalls(state, calls, now) : ends();
  const isOver = follows.some(({ type }) => type === 'run.completed' || type === 'run.failed');
  // Whoever is done needs no more.
  const reached: RunEvent[] = limit && !isOver ? [{ type: 'budget.reached', at: now, data: { turn, ...limit } }] : [];
  const filled: RunEvent[] =
    result.isFilling && !isOver ? [{ type: 'context.filled', at: now, data: { turn, reason: 'share' } }] : [];
  return [...heard, ...reached, ...filled, ...follows];
};
