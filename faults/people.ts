/** Scripted people: they look at what pends and say something, each in their own time, through whichever replica answers. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Approval } from '../src/contract/approvals.ts';
import type { DecisionKind } from '../src/domain/schemas/approval.ts';
import { LARGE_AMOUNT, Transfer } from './agents.ts';
import type { Dice } from './dice.ts';
import type { Caller } from './replicas.ts';

/** One answer that a person gave, and what they were told of it. */
export interface GivenDecision {
  readonly principal: string;
  readonly approvalId: string;
  readonly revision: number;
  readonly decision: DecisionKind;
  readonly status: number;
  readonly told: string;
}

export interface PersonScript {
  readonly principal: string;
  readonly caller: Caller;
  readonly dice: Dice;
  /** Where all answers are noted. */
  readonly given: GivenDecision[];
}

const LOOK_EVERY_MS = 150;

const KINDS: readonly (readonly [DecisionKind, number])[] = [
  ['approve', 70],
  ['reject', 10],
  ['edit', 10],
  ['respond', 6],
  ['request_changes', 4],
];

const choose = (dice: Dice): DecisionKind => {
  let rest = dice.next() * KINDS.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of KINDS) {
    rest -= weight;
    if (rest < 0) return kind;
  }
  return 'approve';
};

const bodyOf = (approval: Approval, decision: DecisionKind, dice: Dice): object => {
  const { digest } = approval;
  switch (decision) {
    case 'approve':
      return { decision, digest };
    case 'reject':
      return { decision, digest, reason: 'Not this one.' };
    case 'respond':
      return { decision, digest, response: 'I have done it myself.' };
    case 'request_changes':
      return { decision, digest, reason: 'Another amount, please.' };
    case 'edit': {
      const transfer = Transfer.parse(approval.arguments);
      // Some edits need another vote than the one they were given with.
      const amount = dice.next() < 0.3 ? LARGE_AMOUNT + dice.between(1, 100) : dice.between(1, 100);
      return { decision, digest, arguments: { ...transfer, amount } };
    }
  }
};

/** Until it is stopped. Nobody answers one revision twice. */
export async function playPerson({ principal, caller, dice, given }: PersonScript, stop: AbortSignal): Promise<void> {
  const answered = new Set<string>();
  while (!stop.aborted) {
    const page = await caller.request<{ data?: Approval[] }>('GET', '/v1/approvals?status=pending&limit=100&order=age');
    for (const approval of page.body.data ?? []) {
      const name = `${approval.approvalId}.${approval.revision}`;
      if (answered.has(name) || stop.aborted || dice.next() < 0.3) continue;
      answered.add(name);
      const decision = choose(dice);
      const path = `/v1/runs/${approval.runId}/approvals/${approval.key}/decisions`;
      const body = bodyOf(approval, decision, dice);
      const answer = await caller.request<{ outcome?: string; code?: string }>(
        'POST',
        path,
        body,
        `${principal}.${name}`,
      );
      const told = answer.body.outcome ?? answer.body.code ?? '';
      given.push({
        principal,
        approvalId: approval.approvalId,
        revision: approval.revision,
        decision,
        status: answer.status,
        told,
      });
    }
    await delay(LOOK_EVERY_MS);
  }
}
