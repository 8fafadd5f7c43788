/** What a model's answer leads to: approvals to ask for, calls to deny, the end of the run. */
import type { RunEvent, JudgedCall } from '../schemas/event.ts';
import type { ModelStepResult } from '../schemas/step.ts';
import { approvalId } from './ids.ts';
import type { RunState } from './state.ts';
import { DENIAL_TEXTS, MODEL_TEXTS } from './texts.ts';

type Answered = Extract<ModelStepResult, { type: 'answered' }>;

const BASE_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

const asked = (state: RunState, call: JudgedCall, now: number): RunEvent[] => {
  const { toolCallId, tool, verdict, argumentsRef, digest } = call;
  const denied = (code: string, message: string): RunEvent[] => [
    { type: 'tool.denied', at: now, data: { toolCallId, tool, code, message } },
  ];
  if (call.problem) return [{ type: 'tool.denied', at: now, data: { toolCallId, tool, ...call.problem } }];
  if (!verdict || !argumentsRef || !digest) return denied('not_judged', DENIAL_TEXTS.policy_denied);
  if (verdict.effect === 'allow') return [];
  if (verdict.effect === 'deny') return denied('policy_denied', `${DENIAL_TEXTS.policy_denied} ${verdict.reason}`);
  const { runId, path } = state.identity;
  return [
    {
      type: 'approval.requested',
      at: now,
      data: {
        approval: {
          approvalId: approvalId(runId, toolCallId),
          key: toolCallId,
          kind: 'tool',
          runId,
          path: [...path],
          turn: state.turn,
          toolCallId,
          tool,
          argumentsRef,
          digest,
          revision: 1,
          verdict,
          status: 'pending',
          requestedAt: now,
          decideBy: now + verdict.decideWithinMs,
        },
      },
    },
  ];
};

const ending = (state: RunState, answer: Answered, now: number): RunEvent[] => {
  const { missing, receipts } = answer.contract ?? { missing: [], receipts: [] };
  if (missing.length > 0) {
    const unmet: RunEvent = { type: 'contract.unmet', at: now, data: { missing } };
    if (state.repairs < state.limits.repairTurns) return [unmet];
    const detail = MODEL_TEXTS.contract_unmet(missing.map((artifact) => artifact.path));
    return [unmet, { type: 'run.failed', at: now, data: { code: 'contract_unmet', detail } }];
  }
  const met: RunEvent[] = receipts.length > 0 ? [{ type: 'contract.met', at: now, data: { receipts } }] : [];
  return [...met, { type: 'run.completed', at: now, data: { messageRef: answer.messageRef, receipts } }];
};

const failed = (state: RunState, result: Extract<ModelStepResult, { type: 'failed' }>, now: number): RunEvent[] => {
  const { code, message, retryable } = result;
  if (!retryable || state.modelAttempt + 1 >= state.limits.maxModelAttempts)
    return [{ type: 'run.failed', at: now, data: { code, detail: message } }];
  const backoffMs = Math.min(BASE_RETRY_MS * 2 ** state.modelAttempt, MAX_RETRY_MS);
  const retryAt = now + (result.retryAfterMs ?? backoffMs);
  return [{ type: 'message.restarted', at: now, data: { turn: state.turn, code, retryAt } }];
};

export const judgeModelStep = (state: RunState, result: ModelStepResult, now: number): RunEvent[] => {
  if (state.phase !== 'asking') return [];
  const { turn } = state;
  if (result.type === 'failed') {
    if (state.cancel) return [{ type: 'message.restarted', at: now, data: { turn, code: 'run_cancelled' } }];
    return failed(state, result, now);
  }
  const { messageRef, finishReason, calls, usage } = result;
  const heard: RunEvent[] = [
    { type: 'message.completed', at: now, data: { turn, messageRef, finishReason, calls } },
    { type: 'usage.recorded', at: now, data: { turn, ...usage } },
  ];
  // A cancelled run keeps what the model said and asks for nothing more.
  if (state.cancel) return heard;
  return calls.length > 0
    ? [...heard, ...calls.flatMap((call) => asked(state, call, now))]
    : [...heard, ...ending(state, result, now)];
};
