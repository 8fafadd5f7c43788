/**
 * What the policy of today adds to the policy that a run has pinned: it can only tighten. The pinned verdict stands where
 * today's layers have no opinion, and each field is the stricter of the two where they have one.
 */
import { ruleText } from '../core/approver-rules.ts';
import { EFFECTS, EXPIRY_OUTCOMES, LADDER_ENDS, RISKS } from '../policy/policy-schema.ts';
import type { ApproverRule, Verdict } from '../schemas/approval.ts';
import { commonStatePatterns } from '../state/state-path.ts';

/** Asks for nothing that any other rule does not. */
const ANYBODY = ruleText({ approvals: 1, rejections: 1, notRequester: false, reasonRequired: false });

const unitedRules = (a: readonly ApproverRule[], b: readonly ApproverRule[]): ApproverRule[] => {
  const byText = new Map([...a, ...b].map((rule) => [ruleText(rule), rule]));
  if (byText.size > 1) byText.delete(ANYBODY);
  return [...byText.values()];
};

const later = <Value>(order: readonly Value[], a: Value, b: Value): Value =>
  order.indexOf(b) > order.indexOf(a) ? b : a;

const common = <Value>(a: readonly Value[] | undefined, b: readonly Value[] | undefined): Value[] | undefined =>
  a && b ? a.filter((one) => b.includes(one)) : (a ?? b)?.slice();

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

type Ladder = NonNullable<Verdict['escalation']>;

/** Both at once: each step asks whom either asks, for the shorter time, and ends where the first of them does. */
const joinedLadder = (a: Ladder | undefined, b: Ladder | undefined): Ladder | undefined => {
  if (!a || !b) return a ?? b;
  const steps = a.steps.slice(0, b.steps.length).map((step, index) => {
    const { approverRules, decideWithinMs } = b.steps[index] ?? step;
    return {
      approverRules: unitedRules(step.approverRules, approverRules),
      decideWithinMs: Math.min(step.decideWithinMs, decideWithinMs),
    };
  });
  return { steps, then: later(LADDER_ENDS, a.then, b.then) };
};

const isDecidable = ({ allowedDecisions, channels }: Verdict): boolean =>
  allowedDecisions.some((decision) => decision !== 'reject') && (channels === undefined || channels.length > 0);

/** Both ask: whatever either wants holds. */
const bothAsk = (pinned: Verdict, current: Verdict): Verdict => {
  const { escalation: _, channels: __, stateEditable: ___, grantable: ____, warnBeforeMs: _____, ...rest } = pinned;
  const onExpire = later(EXPIRY_OUTCOMES, pinned.onExpire, current.onExpire);
  const escalation = joinedLadder(pinned.escalation, current.escalation);
  const channels = common(pinned.channels, current.channels);
  const warnBeforeMs = least(pinned.warnBeforeMs, current.warnBeforeMs);
  const stateEditable = commonStatePatterns(pinned.stateEditable ?? [], current.stateEditable ?? []);
  const decideWithinMs = Math.min(pinned.decideWithinMs, current.decideWithinMs);
  return {
    ...rest,
    risk: later(RISKS, pinned.risk, current.risk),
    allowedDecisions: pinned.allowedDecisions.filter((decision) => current.allowedDecisions.includes(decision)),
    approverRules: unitedRules(pinned.approverRules, current.approverRules),
    decideWithinMs,
    executeWithinMs: Math.min(pinned.executeWithinMs, current.executeWithinMs),
    onExpire,
    ...(onExpire === 'escalate' && escalation && { escalation }),
    ...(channels && { channels }),
    ...(warnBeforeMs !== undefined && warnBeforeMs < decideWithinMs && { warnBeforeMs }),
    ...(stateEditable.length > 0 && { stateEditable }),
    ...(pinned.grantable && current.grantable && { grantable: pinned.grantable }),
    ...((pinned.batch ?? current.batch) && { batch: 'all_or_nothing' }),
  };
};

/** `current`: what today's layers alone say of the call; undefined where none of their rules matches it. */
export const tightenVerdict = (pinned: Verdict, current: Verdict | undefined): Verdict => {
  if (!current) return pinned;
  const effect = later(EFFECTS, pinned.effect, current.effect);
  if (effect !== pinned.effect) {
    // What a run was started without, nobody may remember or loosen by a state edit.
    const { grantable: _, stateEditable: __, ...stricter } = current;
    return { ...stricter, risk: later(RISKS, pinned.risk, current.risk) };
  }
  if (effect !== current.effect) return pinned;
  if (effect !== 'ask') return { ...pinned, risk: later(RISKS, pinned.risk, current.risk) };
  const verdict = bothAsk(pinned, current);
  if (isDecidable(verdict)) return verdict;
  const reason = 'The policy of today leaves no decision that could approve this call, or no channel to give it.';
  return { ...verdict, effect: 'deny', reason };
};
