/** Clocks of one rule that cannot all be meant: found when the policy is read, not when the time has come. */
import type { ApproverRule, ExpiryOutcome, Risk } from '../schemas/approval.ts';

const HOUR_MS = 3_600_000;
/** How long a person may take, where no rule says. */
export const DEFAULT_DECIDE_WITHIN_MS = 24 * HOUR_MS;

interface Clocks {
  readonly effect: 'allow' | 'ask' | 'deny';
  readonly risk?: Risk | undefined;
  readonly decideWithinMs?: number | undefined;
  readonly warnBeforeMs?: number | undefined;
  readonly remindEveryMs?: number | undefined;
  readonly maxReminders?: number | undefined;
  readonly onExpire?: ExpiryOutcome | undefined;
  readonly escalate?: readonly { readonly approvers: ApproverRule; readonly withinMs: number }[] | undefined;
  readonly escalateThen?: 'deny' | 'block' | 'fail' | undefined;
}

interface ClockFault {
  readonly field: string;
  readonly message: string;
}

export function clockFaults(rule: Clocks): ClockFault[] {
  if (rule.effect !== 'ask') return [];
  const { decideWithinMs = DEFAULT_DECIDE_WITHIN_MS, warnBeforeMs, remindEveryMs, onExpire, escalate } = rule;
  const faults: ClockFault[] = [];
  const fault = (field: string, message: string): void => void faults.push({ field, message });
  const said =
    rule.decideWithinMs === undefined ? 'decideWithin, which is 24h where a rule names none' : 'decideWithin';
  if (warnBeforeMs !== undefined && warnBeforeMs >= decideWithinMs)
    fault('warnBefore', `The warning would come before the request: it must be shorter than ${said}`);
  if (remindEveryMs !== undefined && remindEveryMs >= decideWithinMs)
    fault('remindEvery', `No reminder would ever come: it must be shorter than ${said}`);
  if (rule.maxReminders !== undefined && remindEveryMs === undefined)
    fault('maxReminders', 'Say how far apart they are: remindEvery');
  if (onExpire === 'escalate' && escalate === undefined) fault('onExpire', 'Say to whom it is escalated: escalate');
  if (escalate !== undefined && onExpire !== 'escalate')
    fault('escalate', 'Nobody would ever climb it: set onExpire to "escalate"');
  if (rule.escalateThen !== undefined && escalate === undefined)
    fault('escalateThen', 'It follows the last step of a ladder, and there is none: escalate');
  if (onExpire === 'allow' && (rule.risk === 'high' || rule.risk === 'critical'))
    fault('onExpire', `Silence is no consent to a call of ${rule.risk} risk`);
  return faults;
}
