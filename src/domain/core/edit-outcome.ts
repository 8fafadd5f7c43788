/** What becomes of an edit: bridge, workflow and gate must come to the same answer. */
import type { ApproverRule, Verdict } from '../schemas/approval.ts';
import { needsOthers, ruleText } from './approver-rules.ts';

/**
 * `denied`: policy forbids the edited call. `approved`: whoever edits also approves, under the same revision.
 * `revision`: it is asked for again as the next revision, since its rule is stricter or others must agree.
 */
export type EditOutcome = 'denied' | 'approved' | 'revision';

/** From the least to the most serious. */
const RISK_ORDER: readonly Verdict['risk'][] = ['low', 'medium', 'high', 'critical'];

const isStricter = (after: Verdict, before: Verdict, rules: readonly ApproverRule[]): boolean => {
  const known = new Set(rules.map(ruleText));
  const { channels } = after;
  return (
    (channels !== undefined && (before.channels?.some((channel) => !channels.includes(channel)) ?? true)) ||
    RISK_ORDER.indexOf(after.risk) > RISK_ORDER.indexOf(before.risk) ||
    after.approverRules.some((rule) => !known.has(ruleText(rule))) ||
    before.allowedDecisions.some((decision) => !after.allowedDecisions.includes(decision))
  );
};

/**
 * `rules` are those that hold for the edited request now (`rulesOf`): of an escalated one, not its verdict's. Where there
 * are several, whoever satisfies one need not satisfy the others.
 */
export const editOutcome = (
  before: Verdict,
  after: Verdict,
  rules: readonly ApproverRule[] = before.approverRules,
): EditOutcome => {
  if (after.effect === 'deny') return 'denied';
  if (after.effect === 'allow') return 'approved';
  const isShared = rules.length > 1 || after.approverRules.length > 1 || needsOthers(after.approverRules);
  return isShared || isStricter(after, before, rules) ? 'revision' : 'approved';
};
