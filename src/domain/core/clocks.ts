/** What time does to approvals: warnings, reminders, escalation, expiry. Absolute times, one timer for the earliest. */
import type { RunEvent } from '../schemas/event.ts';
import { budgetExceeded } from './judge-limit.ts';
import { isEnding, pendingApprovals } from './state.ts';
import type { ApprovalState, RunState } from './state.ts';
import { ATTENTION_TEXTS, DENIAL_TEXTS } from './texts.ts';

const warningAt = ({ verdict, decideBy, warned }: ApprovalState): number | undefined =>
  verdict.warnBeforeMs === undefined || warned ? undefined : decideBy - verdict.warnBeforeMs;

/** The next reminder; none at or after the deadline. */
const reminderAt = ({ verdict, requestedAt, reminded = 0, decideBy }: ApprovalState): number | undefined => {
  if (!verdict.reminders || reminded >= verdict.reminders.max) return undefined;
  const at = requestedAt + (reminded + 1) * verdict.reminders.everyMs;
  return at < decideBy ? at : undefined;
};

/** Those that nobody could send in time are told as one. */
const latestReminder = ({ verdict, requestedAt }: ApprovalState, now: number): number => {
  const { everyMs, max } = verdict.reminders ?? { everyMs: 1, max: 1 };
  return Math.min(max, Math.floor((now - requestedAt) / everyMs));
};

/** The earliest time at which something is due, of all approvals that pend. */
export const nextDeadline = (state: RunState): number | undefined => {
  const times = pendingApprovals(state)
    .flatMap((approval) => [warningAt(approval), reminderAt(approval), approval.decideBy])
    .filter((time) => time !== undefined);
  return times.length > 0 ? Math.min(...times) : undefined;
};

const expired = (state: RunState, approval: ApprovalState, now: number): RunEvent[] => {
  const { approvalId, revision, toolCallId, tool, verdict, escalated = 0 } = approval;
  const named = { toolCallId, tool };
  const step = verdict.onExpire === 'escalate' ? verdict.escalation?.steps[escalated] : undefined;
  // From now, not from the deadline: whoever it is escalated to has the time that the rule gives them.
  if (step)
    return [
      {
        type: 'approval.escalated',
        at: now,
        data: { approvalId, revision, step: escalated + 1, decideBy: now + step.decideWithinMs },
      },
    ];
  if (approval.kind === 'limit')
    return [
      { type: 'approval.expired', at: now, data: { approvalId, revision, outcome: 'deny' } },
      budgetExceeded(state, tool, now),
    ];
  const call = state.calls.find((one) => one.toolCallId === toolCallId);
  const wanted = verdict.onExpire === 'escalate' ? (verdict.escalation?.then ?? 'deny') : verdict.onExpire;
  // Silence never starts what may happen once only.
  const outcome = wanted === 'allow' && call?.effect !== 'idempotent' && call?.effect !== 'none' ? 'deny' : wanted;
  const event: RunEvent = { type: 'approval.expired', at: now, data: { approvalId, revision, outcome } };
  const denied: RunEvent = {
    type: 'tool.denied',
    at: now,
    data: { ...named, code: 'expired', message: DENIAL_TEXTS.expired },
  };
  switch (outcome) {
    case 'allow':
      return [event];
    case 'deny':
    case 'fail':
      return [event, denied];
    case 'block': {
      const detail = ATTENTION_TEXTS.approval_expired(tool);
      return [event, { type: 'run.blocked', at: now, data: { code: 'approval_expired', detail, toolCallId } }];
    }
  }
};

const dueFor = (state: RunState, approval: ApprovalState, now: number): RunEvent[] => {
  const { approvalId, revision, decideBy } = approval;
  if (decideBy <= now) return expired(state, approval, now);
  const due: RunEvent[] = [];
  const reminder = reminderAt(approval);
  if (reminder !== undefined && reminder <= now)
    due.push({
      type: 'approval.reminded',
      at: now,
      data: { approvalId, revision, reminder: latestReminder(approval, now), decideBy },
    });
  const warning = warningAt(approval);
  if (warning !== undefined && warning <= now)
    due.push({ type: 'approval.expiring', at: now, data: { approvalId, revision, decideBy } });
  return due;
};

export const dueEvents = (state: RunState, now: number): RunEvent[] =>
  isEnding(state) ? [] : pendingApprovals(state).flatMap((approval) => dueFor(state, approval, now));
