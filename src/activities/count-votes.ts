/** Whether verified votes are the consent that a verdict asks for. Bridge and workflow ask the same functions. */
import { decisionFault } from '../domain/core/approver-rules.ts';
import type { Decidable } from '../domain/core/approver-rules.ts';
import { tally } from '../domain/core/quorum.ts';
import type { Verdict } from '../domain/schemas/approval.ts';
import type { Vote } from './verified-votes.ts';

/** What the request said beside its verdict. */
export type Request = Omit<Decidable, 'verdict'>;

/** Undefined where they are enough; else why not. */
export const voteFault = (
  verdict: Verdict,
  request: Request,
  requester: string,
  votes: readonly Vote[],
): string | undefined => {
  const decidable = { ...request, verdict };
  const faults = votes.map(({ command, actor, channel }) => {
    const answer = { decision: command.decision, actor, channel, hasReason: command.reasonRef !== undefined };
    return decisionFault(decidable, answer, requester);
  });
  // Votes that an escalation has left behind count for nothing, and do no harm.
  const counted = votes.filter((_, index) => faults[index] === undefined);
  const outcome = tally(
    decidable,
    // Whoever edits also approves what they made of it.
    counted.map(({ actor }) => ({ decision: 'approve' as const, actor })),
    requester,
  );
  if (outcome === 'approved') return undefined;
  return faults.find((fault) => fault !== undefined) ?? 'quorum_not_met';
};
