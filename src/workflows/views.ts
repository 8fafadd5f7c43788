/** What queries answer. Ids, digests, counts and deadlines: content is in the store. */
import { pendingApprovals } from '../domain/core/state.ts';
import type { ApprovalState, RunState } from '../domain/core/state.ts';
import type { Approval } from '../domain/schemas/approval.ts';
import type { ApprovalsView, RunStatusView, VerdictView } from './messages.ts';

const MAX_VIEW_CHARACTERS = 16_384;

const toApproval = ({ voids: _, usedSignatures: __, revisedBy: ___, ...approval }: ApprovalState): Approval => approval;

export const statusView = (state: RunState): RunStatusView => ({
  runId: state.identity.runId,
  agent: state.identity.agent,
  status: state.status,
  turn: state.turn,
  pendingApprovals: pendingApprovals(state).length,
  runningTools: state.calls.filter((call) => call.status === 'running').length,
  usage: state.usage,
  ignoredCommands: state.ignoredCommands,
  attentions: (state.attentions ?? []).map(({ code, detail, toolCallId }) => ({
    code,
    detail,
    ...(toolCallId !== undefined && { toolCallId }),
  })),
});

export const approvalsView = (state: RunState): ApprovalsView => {
  const all = Object.values(state.approvals).map(toApproval);
  const approvals: Approval[] = [];
  let room = MAX_VIEW_CHARACTERS;
  for (const approval of all) {
    room -= JSON.stringify(approval).length;
    if (room < 0) break;
    approvals.push(approval);
  }
  return { approvals, more: all.length - approvals.length };
};

export const verdictView = (state: RunState, approvalId: string, decisionId: string): VerdictView => {
  const found = state.approvals[approvalId];
  const approval = found ? { approval: toApproval(found) } : {};
  if (found?.decision?.decisionId === decisionId) return { outcome: 'recorded', ...approval };
  if (found?.votes?.some((vote) => vote.decisionId === decisionId)) return { outcome: 'vote_recorded', ...approval };
  if (found?.revisedBy?.includes(decisionId)) return { outcome: 'revised', ...approval };
  const refusal = state.refusals.find((one) => one.decisionId === decisionId);
  return refusal ? { outcome: 'refused', code: refusal.code, ...approval } : { outcome: 'unknown', ...approval };
};

/** Shown on the run's page in Temporal's UI. */
export const detailsView = (state: RunState): string => {
  const pending = pendingApprovals(state);
  const lines = [
    `**${state.status}**, turn ${state.turn}`,
    ...(state.attentions ?? []).map(
      ({ code, toolCallId }) => `Needs attention: ${code}${toolCallId ? ` (${toolCallId})` : ''}`,
    ),
    ...pending
      .slice(0, 50)
      .map(
        (one) => `- waits for a decision: \`${one.key}\` (${one.tool}) until ${new Date(one.decideBy).toISOString()}`,
      ),
  ];
  return lines.join('\n');
};
