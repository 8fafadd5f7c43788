/**
 * Counts votes. Each rule counts the different seats that are filled: one by each person who is named by it, or in the
 * place of somebody who is; whoever acts by the same authority fills the same seat. All rules must be satisfied.
 */
import type { Actor } from '../schemas/actor.ts';
import type { Approval, ApproverRule, Decision, DecisionKind } from '../schemas/approval.ts';
import { decisionFault, excludedFrom, rulesOf, seatsOf } from './approver-rules.ts';
import type { Decidable } from './approver-rules.ts';

export interface Vote {
  readonly decision: DecisionKind;
  readonly actor: Actor;
}

/** As many people as can each have a seat of their own: a maximum matching by augmenting paths. */
const seated = (seatsByPerson: ReadonlyMap<string, readonly string[]>): number => {
  const holders = new Map<string, string>();
  const takesSeat = (person: string, tried: Set<string>): boolean => {
    for (const seat of seatsByPerson.get(person) ?? []) {
      if (tried.has(seat)) continue;
      tried.add(seat);
      const holder = holders.get(seat);
      // Whoever sits there may have another seat to go to.
      if (holder !== undefined && !takesSeat(holder, tried)) continue;
      holders.set(seat, person);
      return true;
    }
    return false;
  };
  return [...seatsByPerson.keys()].filter((person) => takesSeat(person, new Set())).length;
};

/** Different seats of a rule that are filled by those who voted so. `excluded` decide nothing: `excludedFrom`. */
export const votesFor = (
  rule: ApproverRule,
  votes: readonly Vote[],
  decision: DecisionKind,
  excluded: readonly string[],
): number => {
  const seatsByPerson = new Map<string, readonly string[]>();
  for (const vote of votes) {
    if (vote.decision !== decision) continue;
    const { principal } = vote.actor;
    const seats = seatsOf(rule, vote.actor, excluded);
    seatsByPerson.set(principal, [...(seatsByPerson.get(principal) ?? []), ...seats]);
  }
  return seated(seatsByPerson);
};

export const tally = (
  approval: Decidable,
  votes: readonly Vote[],
  requester: string,
): 'open' | 'approved' | 'rejected' => {
  const rules = rulesOf(approval);
  const excluded = excludedFrom(approval, requester);
  const rejected = rules.some((rule) => votesFor(rule, votes, 'reject', excluded) >= rule.rejections);
  if (rejected || (rules.length === 0 && votes.some((vote) => vote.decision === 'reject'))) return 'rejected';
  const approved = rules.every((rule) => votesFor(rule, votes, 'approve', excluded) >= rule.approvals);
  return approved && votes.some((vote) => vote.decision === 'approve') ? 'approved' : 'open';
};

/** Whether this person's word alone approves: only then may a decision also set the run's state. */
export const decidesAlone = (approval: Decidable, actor: Actor, requester: string): boolean =>
  tally(approval, [{ decision: 'approve', actor }], requester) === 'approved';

/** Votes that the rules of now count: an escalation may have brought others than those they were given under. */
export const countedVotes = (approval: Decidable & Pick<Approval, 'votes'>, requester: string): readonly Decision[] =>
  (approval.votes ?? []).filter(({ decision, actor, channel, reasonRef }) => {
    const answer = { decision, actor, channel, hasReason: reasonRef !== undefined };
    return decisionFault(approval, answer, requester) === undefined;
  });
