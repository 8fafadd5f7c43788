/** Sends one decision and waits until it is known what became of it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CountersignClient } from '../client/index.ts';
import type { Approval } from '../contract/approvals.ts';
import type { DecideApproval, DecisionReceipt, DecisionView } from '../contract/decisions.ts';
import { presentInline } from '../domain/present/present.ts';
import { CliError, EXIT } from './exit-codes.ts';

const POLL_MS = 500;
const PATIENCE_MS = 60_000;

export interface Decided {
  readonly answer: DecisionReceipt | DecisionView;
  readonly approval: Approval;
}

/** Throws a ProblemError where the API refuses, a CliError where the run refused later, or nobody answered. */
export async function sendDecision(
  client: CountersignClient,
  approval: Approval,
  request: DecideApproval,
  onWait: () => void,
): Promise<Decided> {
  const receipt = await client.approvals.decide(approval, request);
  if (receipt.outcome !== 'pending') return { answer: receipt, approval: receipt.approval };
  onWait();
  const deadlineMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const view = await client.decisions.get(approval, receipt.decisionId);
    if (view.outcome === 'recorded') return { answer: view, approval: view.approval };
    if (view.outcome === 'refused') {
      const by = view.winner ? `: ${view.winner.decision} by ${presentInline(view.winner.principal)} stands` : '';
      throw new CliError(EXIT.failed, `The run refused the decision (${presentInline(view.code ?? 'unknown')})${by}.`);
    }
    if (Date.now() > deadlineMs) {
      throw new CliError(
        EXIT.failed,
        'The decision is with the run, and no worker has answered yet.',
        'It counts as soon as a worker is back; the approval will show it.',
      );
    }
    await delay(POLL_MS);
  }
}
