import { decisionFault } from '../../domain/core/approver-rules.ts';
import type { Approval, Decision } from '../../domain/schemas/approval.ts';

/** Votes that the rules of now count: an escalation may have brought others than those they were given under. */
export const countedVotes = (approval: Approval, requester: string): readonly Decision[] =>
  (approval.votes ?? []).filter(({ decision, actor, channel, reasonRef }) => {
    const answer = { decision, actor, channel, hasReason: reasonRef !== undefined };
    return decisionFault(approval, answer, requester) === undefined;
  });
