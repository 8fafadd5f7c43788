/** Which of two verdicts on the same call is the stricter. */
import type { ApproverRule, Grantable, Verdict } from '../schemas/approval.ts';
import { isStatePathCovered } from '../state/state-path.ts';
import { EFFECTS, EXPIRY_OUTCOMES, RISKS } from './policy-schema.ts';

/** Of the second against the first. `different`: in one respect stricter, in another laxer. */
export type Comparison = 'same' | 'stricter' | 'laxer' | 'different';

/** Whether the second holds people to all that the first does. */
export function isAtLeastAsStrict(first: Verdict, second: Verdict): boolean {
  const effects = EFFECTS.indexOf(second.effect) - EFFECTS.indexOf(first.effect);
  if (effects !== 0) return effects > 0;
  if (RISKS.indexOf(second.risk) < RISKS.indexOf(first.risk)) return false;
  return first.effect !== 'ask' || asksAtLeast(first, second);
}

export function compareVerdicts(first: Verdict, second: Verdict): Comparison {
  const isStricter = isAtLeastAsStrict(first, second);
  const isLaxer = isAtLeastAsStrict(second, first);
  if (isStricter) return isLaxer ? 'same' : 'stricter';
  return isLaxer ? 'laxer' : 'different';
}

const asksAtLeast = (first: Verdict, second: Verdict): boolean =>
  isWithin(second.allowedDecisions, first.allowedDecisions) &&
  (first.channels === undefined || (second.channels !== undefined && isWithin(second.channels, first.channels))) &&
  demandsAtLeast(first.approverRules, second.approverRules) &&
  leavesNoMoreTime(first, second) &&
  second.executeWithinMs <= first.executeWithinMs &&
  endsAtLeastAs(first, second) &&
  (first.batch === undefined || second.batch !== undefined) &&
  (second.stateEditable ?? []).every((path) => isStatePathCovered(first.stateEditable ?? [], path)) &&
  isWithinGrantable(first.grantable, second.grantable);

const isWithin = <Value>(inner: readonly Value[], outer: readonly Value[]): boolean =>
  inner.every((value) => outer.includes(value));

/** Where silence allows the call, it is the longer wait that is stricter. */
const leavesNoMoreTime = (first: Verdict, second: Verdict): boolean =>
  first.onExpire === 'allow' && second.onExpire === 'allow'
    ? second.decideWithinMs >= first.decideWithinMs
    : second.decideWithinMs <= first.decideWithinMs;

function endsAtLeastAs(first: Verdict, second: Verdict): boolean {
  const outcomes = EXPIRY_OUTCOMES.indexOf(second.onExpire) - EXPIRY_OUTCOMES.indexOf(first.onExpire);
  if (outcomes !== 0 || first.onExpire !== 'escalate') return outcomes >= 0;
  const [before, after] = [first.escalation, second.escalation];
  if (before === undefined || after === undefined) return after === before;
  if (EXPIRY_OUTCOMES.indexOf(after.then) < EXPIRY_OUTCOMES.indexOf(before.then)) return false;
  return after.steps.every((step, index) => {
    const same = before.steps[index];
    return (
      same !== undefined &&
      step.decideWithinMs <= same.decideWithinMs &&
      demandsAtLeast(same.approverRules, step.approverRules)
    );
  });
}

const isWithinGrantable = (first: Grantable | undefined, second: Grantable | undefined): boolean =>
  second === undefined ||
  (first !== undefined &&
    isWithin(second.scopes, first.scopes) &&
    second.maxTtlMs <= first.maxTtlMs &&
    second.maxUses <= first.maxUses);

/** Whether whoever satisfies the second rules has satisfied the first. */
const demandsAtLeast = (first: readonly ApproverRule[], second: readonly ApproverRule[]): boolean =>
  first.every((rule) => second.some((other) => implies(other, rule))) &&
  isSome(first, second, 'notRequester') &&
  isSome(first, second, 'reasonRequired');

/** These two of any rule hold for all who decide. */
const isSome = (
  first: readonly ApproverRule[],
  second: readonly ApproverRule[],
  field: 'notRequester' | 'reasonRequired',
): boolean => !first.some((rule) => rule[field]) || second.some((rule) => rule[field]);

const implies = (stricter: ApproverRule, rule: ApproverRule): boolean =>
  stricter.approvals >= rule.approvals && stricter.rejections <= rule.rejections && namesNoOthers(stricter, rule);

function namesNoOthers(inner: ApproverRule, outer: ApproverRule): boolean {
  if (outer.groups === undefined && outer.users === undefined) return true;
  if (inner.groups === undefined && inner.users === undefined) return false;
  return isWithin(inner.groups ?? [], outer.groups ?? []) && isWithin(inner.users ?? [], outer.users ?? []);
}
