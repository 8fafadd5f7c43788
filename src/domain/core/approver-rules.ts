/** Whether a person may give an answer to an approval. Compares principals, never credentials. */
import type { Actor, Channel } from '../schemas/actor.ts';
import type { Approval, ApproverRule, DecisionKind } from '../schemas/approval.ts';

export type DecisionFault =
  | 'service_cannot_decide'
  | 'decision_not_allowed'
  | 'channel_not_allowed'
  | 'not_an_approver'
  | 'self_approval'
  | 'reason_required';

/** As much of an approval as says who may decide it. */
export type Decidable = Pick<Approval, 'verdict' | 'contributors' | 'editor' | 'escalated'>;

export interface Answer {
  readonly decision: DecisionKind;
  readonly actor: Actor;
  readonly channel: Channel;
  readonly hasReason: boolean;
}

/** The rules that hold now: those of the step that the approval was escalated to, else the verdict's. */
export const rulesOf = ({ verdict, escalated }: Decidable): readonly ApproverRule[] =>
  (escalated === undefined ? undefined : verdict.escalation?.steps[escalated - 1]?.approverRules) ??
  verdict.approverRules;

/** Rules with the same text ask for the same. */
export const ruleText = (rule: ApproverRule): string =>
  JSON.stringify([rule.groups, rule.users, rule.approvals, rule.rejections, rule.notRequester, rule.reasonRequired]);

const names = (rule: ApproverRule, principals: readonly string[], groups: readonly string[]): boolean =>
  (!rule.groups && !rule.users) ||
  (rule.users?.some((user) => principals.includes(user)) ?? false) ||
  (rule.groups?.some((group) => groups.includes(group)) ?? false);

/** Those of whom a signature from before does not tell what they handed over: they stand or fall with who acts. */
const delegatorNames = ({ delegatedFrom = [] }: Actor): readonly string[] =>
  delegatedFrom.filter((one) => typeof one === 'string');

/** Whoever could know a key's secret counts as its bearer: no way around who may not decide. */
const isExcluded = (actor: Actor, excluded: readonly string[]): boolean =>
  [actor.principal, actor.createdBy, ...(actor.makers ?? []), ...delegatorNames(actor)].some(
    (name) => name !== undefined && excluded.includes(name),
  );

/**
 * By whose authority a rule can count this person: their own where it names them, else that of any one of those who
 * delegated to them. Whoever shares an authority shares one seat. Empty: the rule does not count them.
 */
export const seatsOf = (rule: ApproverRule, actor: Actor, excluded: readonly string[]): readonly string[] => {
  if (isExcluded(actor, excluded)) return [];
  const { principal, groups, delegatedFrom = [] } = actor;
  if (names(rule, [principal, ...delegatorNames(actor)], groups)) return [principal];
  return delegatedFrom
    .filter((one) => typeof one !== 'string')
    .filter((one) => !excluded.includes(one.principal) && names(rule, [one.principal], one.groups))
    .map((one) => one.principal);
};

export const needsSeveral = (rules: readonly ApproverRule[]): boolean => rules.some((rule) => rule.approvals > 1);

/** Others than those who made the request what it is must agree. */
export const needsOthers = (rules: readonly ApproverRule[]): boolean =>
  needsSeveral(rules) || rules.some((rule) => rule.notRequester);

/** Who has made the request what it is, where others must agree: they decide nothing, and nobody does in their place. */
export const excludedFrom = (approval: Decidable, requester: string): readonly string[] => {
  const rules = rulesOf(approval);
  const { contributors = [], editor } = approval;
  return [
    ...(rules.some((rule) => rule.notRequester) ? [requester, ...contributors] : []),
    ...(editor !== undefined && needsOthers(rules) ? [editor] : []),
  ];
};

/** Undefined where the answer is allowed. Bridge, workflow and gate ask this one function. */
export const decisionFault = (approval: Decidable, answer: Answer, requester: string): DecisionFault | undefined => {
  const { actor, channel, decision } = answer;
  const { verdict } = approval;
  const rules = rulesOf(approval);
  if (actor.kind !== 'person') return 'service_cannot_decide';
  if (!verdict.allowedDecisions.includes(decision)) return 'decision_not_allowed';
  if (verdict.channels && !verdict.channels.includes(channel)) return 'channel_not_allowed';
  const isCounted = (excluded: readonly string[]) =>
    rules.length === 0 || rules.some((rule) => seatsOf(rule, actor, excluded).length > 0);
  if (!isCounted([])) return 'not_an_approver';
  if (!isCounted(excludedFrom(approval, requester))) return 'self_approval';
  return rules.some((rule) => rule.reasonRequired) && !answer.hasReason ? 'reason_required' : undefined;
};
