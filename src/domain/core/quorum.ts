/** Counts votes. Each rule counts the different people that it names; all rules must be satisfied. */
import type { Actor } from '../schemas/actor.ts';
import type { ApproverRule, DecisionKind } from '../schemas/approval.ts';
import { qualifies } from './approver-rules.ts';

export interface Vote {
  readonly decision: DecisionKind;
  readonly actor: Actor;
}

/** Different principals that a rule counts among those who voted so. */
export const votesFor = (rule: ApproverRule, votes: readonly Vote[], decision: DecisionKind): number =>
  new Set(
    votes
      .filter((vote) => vote.decision === decision && qualifies(rule, vote.actor))
      .map((vote) => vote.actor.principal),
  ).size;

export const tally = (rules: readonly ApproverRule[], votes: readonly Vote[]): 'open' | 'approved' | 'rejected' => {
  const rejected = rules.some((rule) => votesFor(rule, votes, 'reject') >= rule.rejections);
  if (rejected || (rules.length === 0 && votes.some((vote) => vote.decision === 'reject'))) return 'rejected';
  const approved = rules.every((rule) => votesFor(rule, votes, 'approve') >= rule.approvals);
  return approved && votes.some((vote) => vote.decision === 'approve') ? 'approved' : 'open';
};

/** Whether this person's word alone approves: only then may a decision also set the run's state. */
export const decidesAlone = (rules: readonly ApproverRule[], actor: Actor): boolean =>
  tally(rules, [{ decision: 'approve', actor }]) === 'approved';
