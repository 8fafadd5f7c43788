/** Whether a person satisfies the rules of an approval. Compares principals, never credentials. */
import type { Actor } from '../schemas/actor.ts';
import type { ApproverRule, DecisionKind, Verdict } from '../schemas/approval.ts';

export type DecisionFault =
  | 'service_cannot_decide'
  | 'decision_not_allowed'
  | 'not_an_approver'
  | 'self_approval'
  | 'reason_required';

const isNamed = (rule: ApproverRule, actor: Actor): boolean =>
  (!rule.groups && !rule.users) ||
  (rule.users?.includes(actor.principal) ?? false) ||
  (rule.groups?.some((group) => actor.groups.includes(group)) ?? false);

/** Undefined where the decision is allowed. Bridge, workflow and gate ask this one function. */
export const decisionFault = (
  verdict: Pick<Verdict, 'allowedDecisions' | 'approverRules'>,
  answer: { readonly decision: DecisionKind; readonly actor: Actor; readonly hasReason: boolean },
  requester: string,
): DecisionFault | undefined => {
  if (answer.actor.kind !== 'person') return 'service_cannot_decide';
  if (!verdict.allowedDecisions.includes(answer.decision)) return 'decision_not_allowed';
  for (const rule of verdict.approverRules) {
    if (!isNamed(rule, answer.actor)) return 'not_an_approver';
    if (rule.notRequester && answer.actor.principal === requester) return 'self_approval';
    if (rule.reasonRequired && !answer.hasReason) return 'reason_required';
  }
  return undefined;
};
