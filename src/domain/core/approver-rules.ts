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

/** Whether a rule counts this person. Groups of those who delegated to them are among their groups. */
export const qualifies = (rule: ApproverRule, actor: Actor): boolean => {
  if (!rule.groups && !rule.users) return true;
  const names = [actor.principal, ...(actor.delegatedFrom ?? [])];
  return (
    (rule.users?.some((user) => names.includes(user)) ?? false) ||
    (rule.groups?.some((group) => actor.groups.includes(group)) ?? false)
  );
};

export const needsSeveral = (rules: readonly ApproverRule[]): boolean => rules.some((rule) => rule.approvals > 1);

/** Others than those who made the request what it is must agree. */
export const needsOthers = (rules: readonly ApproverRule[]): boolean =>
  needsSeveral(rules) || rules.some((rule) => rule.notRequester);

/** Whoever could know a key's secret counts as its bearer, and who delegated as their delegate: neither is a way around. */
const isExcluded = (actor: Actor, excluded: readonly string[]): boolean =>
  [actor.principal, actor.createdBy, ...(actor.makers ?? []), ...(actor.delegatedFrom ?? [])].some(
    (name) => name !== undefined && excluded.includes(name),
  );

/** Undefined where the answer is allowed. Bridge, workflow and gate ask this one function. */
export const decisionFault = (approval: Decidable, answer: Answer, requester: string): DecisionFault | undefined => {
  const { actor, channel, decision } = answer;
  const { verdict, contributors = [], editor } = approval;
  const rules = rulesOf(approval);
  if (actor.kind !== 'person') return 'service_cannot_decide';
  if (!verdict.allowedDecisions.includes(decision)) return 'decision_not_allowed';
  if (verdict.channels && !verdict.channels.includes(channel)) return 'channel_not_allowed';
  if (rules.length > 0 && !rules.some((rule) => qualifies(rule, actor))) return 'not_an_approver';
  const excluded = [
    ...(rules.some((rule) => rule.notRequester) ? [requester, ...contributors] : []),
    ...(editor !== undefined && needsOthers(rules) ? [editor] : []),
  ];
  if (isExcluded(actor, excluded)) return 'self_approval';
  return rules.some((rule) => rule.reasonRequired) && !answer.hasReason ? 'reason_required' : undefined;
};
