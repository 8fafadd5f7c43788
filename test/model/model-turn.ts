/** What the model says in a random run, judged as the model step judges it. */
import type { RunState } from '../../src/domain/core/state.ts';
import type { JudgedCall } from '../../src/domain/schemas/event.ts';
import type { ModelStepResult } from '../../src/domain/schemas/step.ts';
import { ref } from '../support/core.ts';
import { POLICIES, argumentsRefOf, digestOfCall, fingerprintOf } from './cast.ts';
import type { ModelCall } from './moves.ts';

const USAGE = { inputTokens: 3, outputTokens: 2 };

const toolOf = (role: ModelCall['role'], index: number): string => {
  if (role === 'question') return 'ask_user';
  if (role === 'block') return 'block_run';
  return index % 2 === 0 ? 'write' : 'pay';
};

const judged = (state: RunState, { policy, role, effect, same }: ModelCall, index: number): JudgedCall => {
  const toolCallId = `call_${state.turn}_${index}`;
  const tool = toolOf(role, index);
  if (role === 'problem') return { toolCallId, tool, problem: { code: 'unknown_tool', message: 'No.' } };
  const argumentsRef = argumentsRefOf(policy, same ? 'same' : `${state.turn}.${index}`);
  // The first call of a tool answers what a person wanted changed.
  const revised = index < 2 ? state.revising?.[tool] : undefined;
  const revision = (revised?.revision ?? 0) + 1;
  return {
    toolCallId,
    tool,
    argumentsRef,
    factsRef: ref('facts'),
    digest: digestOfCall(toolCallId, revision, argumentsRef),
    verdict: POLICIES[policy],
    fingerprint: fingerprintOf(tool, argumentsRef),
    effect,
    ...(revised && { revision, supersedes: revised.approvalId, previousArgumentsRef: revised.argumentsRef }),
    ...(role === 'granted' && POLICIES[policy].effect === 'ask' && { grantId: `grant_${toolCallId}` }),
    ...((role === 'question' || role === 'block') && { role }),
  };
};

export const modelAnswer = (state: RunState, calls: readonly ModelCall[], isUnmet: boolean): ModelStepResult => {
  const missing = isUnmet ? [{ path: 'OUT.md', problem: 'missing' }] : [];
  return {
    type: 'answered',
    messageRef: ref('m'),
    finishReason: 'stop',
    calls: calls.map((call, index) => judged(state, call, index)),
    usage: USAGE,
    ...(calls.length === 0 && { contract: { missing, receipts: [] } }),
  };
};
