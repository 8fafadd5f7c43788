/** Sends one decision and waits until it is known what became of it. */
import type { ApprovalAddress, CountersignClient } from '../client/index.ts';
import type { Approval } from '../contract/approvals.ts';
import type { DecideApproval, DecisionReceipt, DecisionView } from '../contract/decisions.ts';
import { presentInline } from '../domain/present/present.ts';
import { CliError, EXIT } from './exit-codes.ts';
import { waitForAnswer } from './wait-for-answer.ts';

export interface Decided {
  readonly answer: DecisionReceipt | DecisionView;
  readonly approval: Approval;
}

/** Throws a ProblemError where the API refuses, a CliError where the run refused later, or nobody answered. */
export async function sendDecision(
  client: CountersignClient,
  address: ApprovalAddress,
  request: DecideApproval,
  onWait: () => void,
): Promise<Decided> {
  const receipt = await client.approvals.decide(address, request);
  if (receipt.outcome !== 'pending') return { answer: receipt, approval: receipt.approval };
  onWait();
  const view = await awaitDecision(client, address, receipt.decisionId);
  if (view.outcome !== 'refused') return { answer: view, approval: view.approval };
  const by = view.winner ? `: ${view.winner.decision} by ${presentInline(view.winner.principal)} stands` : '';
  throw new CliError(EXIT.failed, `The run refused the decision (${presentInline(view.code ?? 'unknown')})${by}.`);
}

/** What became of a decision that the mailbox of its run has. */
export const awaitDecision = (
  client: CountersignClient,
  address: ApprovalAddress,
  decisionId: string,
): Promise<DecisionView> =>
  waitForAnswer(async () => {
    const view = await client.decisions.get(address, decisionId);
    return view.outcome === 'pending' ? undefined : view;
  }, 'The decision');
