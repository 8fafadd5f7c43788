/** What a dispatched call's outcome leads to. */
import type { RunEvent } from '../schemas/event.ts';
import type { ToolStepResult } from '../schemas/step.ts';
import { approvalId, effectKey } from './ids.ts';
import type { CallState, RunState } from './state.ts';

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
      const detail = `Nobody knows whether ${tool} took effect (${key}).`;
      return [
        { type: 'tool.outcome_unknown', at: now, data: { toolCallId, tool, effectKey: key } },
        { type: 'run.blocked', at: now, data: { code: 'outcome_unknown', detail } },
      ];
    }
    case 'refused': {
      const { code, message } = result;
      if (result.then === 'void_consent') return voided(state, call, code, message, now);
      if (result.then === 'park')
        return [{ type: 'run.blocked', at: now, data: { code, detail: message, toolCallId } }];
      return [{ type: 'tool.denied', at: now, data: { toolCallId, tool, code, message } }];
    }
  }
};
