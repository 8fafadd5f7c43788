/** What a dispatched call's outcome leads to. */
import type { RunEvent } from '../schemas/event.ts';
import type { ToolStepResult } from '../schemas/step.ts';
import { approvalId, effectKey } from './ids.ts';
import { openApproval } from './open-approval.ts';
import { isEnding } from './state.ts';
import type { CallState, RunState } from './state.ts';
import { ATTENTION_TEXTS, DENIAL_TEXTS } from './texts.ts';

/** After so many decisions that the gate found invalid, an approval is not asked again: an operator must look. */
export const MAX_VOIDED_DECISIONS = 3;

const voided = (state: RunState, call: CallState, code: string, message: string, now: number): RunEvent[] => {
  const id = approvalId(state.identity.runId, call.toolCallId);
  const approval = state.approvals[id];
  const decision = approval?.decision;
  if (!approval || !decision || approval.voids + 1 >= MAX_VOIDED_DECISIONS)
    return [{ type: 'run.blocked', at: now, data: { code, detail: message, toolCallId: call.toolCallId } }];
  const { revision } = approval;
  const data = { approvalId: id, revision, decisionId: decision.decisionId, code, voided: true };
  return [{ type: 'decision.refused', at: now, data }];
};

export const judgeToolStep = (state: RunState, id: string, result: ToolStepResult, now: number): RunEvent[] => {
  const call = state.calls.find((one) => one.toolCallId === id);
  if (!call || call.status !== 'running') return [];
  const { toolCallId, tool } = call;
  switch (result.type) {
    case 'completed':
      return [{ type: 'tool.completed', at: now, data: { toolCallId, tool, resultRef: result.resultRef } }];
    case 'failed':
      return [
        { type: 'tool.failed', at: now, data: { toolCallId, tool, code: result.code, reasonRef: result.reasonRef } },
      ];
    case 'outcome_unknown': {
      const key = effectKey(state.identity.runId, toolCallId, call.revision);
      const epoch = result.epoch ?? 1;
      const detail = ATTENTION_TEXTS.outcome_unknown(tool, key);
      return [
        { type: 'tool.outcome_unknown', at: now, data: { toolCallId, tool, effectKey: key, epoch } },
        { type: 'run.blocked', at: now, data: { code: 'outcome_unknown', detail, toolCallId } },
      ];
    }
    case 'refused': {
      const { code, message, detailRef } = result;
      const parked = { code, detail: message, toolCallId, ...(detailRef && { detailRef }) };
      // An earlier attempt may have taken effect: neither another revision nor "it did not run" would be true.
      if (call.unknownEpoch !== undefined) return [{ type: 'run.blocked', at: now, data: parked }];
      if (result.then === 'void_consent') return voided(state, call, code, message, now);
      if (result.then === 'ask' && state.execution === 'classic') {
        const cannotAsk = `${DENIAL_TEXTS.classic_cannot_ask} ${message}`;
        return [
          { type: 'tool.denied', at: now, data: { toolCallId, tool, code: 'classic_cannot_ask', message: cannotAsk } },
        ];
      }
      if (result.then === 'ask' && result.asked && call.argumentsRef && !isEnding(state))
        return [openApproval(state, call, { ...result.asked, argumentsRef: call.argumentsRef }, now)];
      if (result.then === 'park') return [{ type: 'run.blocked', at: now, data: parked }];
      return [{ type: 'tool.denied', at: now, data: { toolCallId, tool, code, message } }];
    }
  }
};
