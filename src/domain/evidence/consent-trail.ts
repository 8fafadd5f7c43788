/**
 * Follows requests for consent through a run's events: who agreed to which revision under which rules. Whether their
 * signatures hold is known only at the end of the file, so what depends on them is asked then.
 */
import { decisionFault, rulesOf } from '../core/approver-rules.ts';
import { editOutcome } from '../core/edit-outcome.ts';
import { tally } from '../core/quorum.ts';
import type { Actor, Channel } from '../schemas/actor.ts';
import type { Approval } from '../schemas/approval.ts';
import type { EventOf, RunEvent } from '../schemas/event.ts';
import type { Findings } from './report.ts';

/** One answer of a person, as an event tells it. */
export interface ToldAnswer {
  readonly seq: number;
  readonly signatureId: string;
  readonly decision: Approval['verdict']['allowedDecisions'][number];
  readonly actor: Actor;
  readonly channel: Channel;
  readonly hasReason: boolean;
}

/** An approval as it stood when it was decided, and the answers that decided it. */
export interface Consent {
  readonly seq: number;
  readonly approval: Approval;
  readonly answers: readonly ToldAnswer[];
  /** Of what may run: after an edit, of the edited call. */
  readonly digest: string;
  readonly edited: EventOf<'approval.decided'>['data']['edited'];
  /** The gate found it invalid: what was dispatched on it did not run. */
  isVoid: boolean;
}

interface Pending {
  approval: Approval;
  answers: ToldAnswer[];
  consent: Consent | undefined;
}

type Answered = EventOf<'approval.decided'> | EventOf<'approval.vote_recorded'> | EventOf<'approval.superseded'>;

export class ConsentTrail {
  readonly #pending = new Map<string, Pending>();
  readonly #consents: Consent[] = [];
  readonly #faults: Findings;

  constructor(faults: Findings) {
    this.#faults = faults;
  }

  get consents(): readonly Consent[] {
    return this.#consents;
  }

  /** The request as it stands now. */
  approval(approvalId: string): Approval | undefined {
    return this.#pending.get(approvalId)?.approval;
  }

  /** The live consent to exactly this revision. */
  consentTo(approvalId: string, revision: number): Consent | undefined {
    const found = this.#pending.get(approvalId);
    return found?.approval.revision === revision && found.approval.status === 'approved' ? found.consent : undefined;
  }

  follow(seq: number, event: RunEvent): void {
    switch (event.type) {
      case 'approval.requested':
        return this.#requested(seq, event.data.approval);
      case 'approval.vote_recorded':
      case 'approval.superseded':
      case 'approval.decided':
        return this.#answered(seq, event);
      case 'approval.extended':
        return this.#change(event.data.approvalId, { decideBy: event.data.decideBy });
      case 'approval.escalated': {
        const { approvalId, step, decideBy } = event.data;
        return this.#change(approvalId, { escalated: step, decideBy });
      }
      case 'approval.expired':
        return this.#change(event.data.approvalId, { status: 'expired' });
      case 'approval.withdrawn':
        return this.#change(event.data.approvalId, { status: 'withdrawn' });
      case 'approval.reopened':
        return this.#reopen(event.data.approvalId, { decideBy: event.data.decideBy, escalated: undefined });
      case 'decision.refused':
        return event.data.voided ? this.#void(event.data.approvalId) : undefined;
      default:
        return undefined;
    }
  }

  #requested(seq: number, approval: Approval): void {
    const before = this.#pending.get(approval.approvalId)?.approval;
    if (before && approval.revision <= before.revision) {
      this.#faults.add('revision_repeated', `${approval.approvalId} asks for revision ${approval.revision} again`, seq);
    }
    this.#pending.set(approval.approvalId, { approval, answers: [], consent: undefined });
  }

  #change(approvalId: string, change: Partial<Approval>): void {
    const found = this.#pending.get(approvalId);
    if (found) found.approval = { ...found.approval, ...change };
  }

  #reopen(approvalId: string, change: { decideBy?: number; escalated?: undefined }): void {
    const found = this.#pending.get(approvalId);
    if (!found) return;
    const { escalated, ...rest } = found.approval;
    const kept = 'escalated' in change || escalated === undefined ? {} : { escalated };
    const decideBy = change.decideBy ?? rest.decideBy;
    this.#pending.set(approvalId, {
      approval: { ...rest, ...kept, decideBy, status: 'pending' },
      answers: [],
      consent: undefined,
    });
  }

  #void(approvalId: string): void {
    const consent = this.#pending.get(approvalId)?.consent;
    if (consent) consent.isVoid = true;
    this.#reopen(approvalId, {});
  }

  #answered(seq: number, { type, data }: Answered): void {
    const found = this.#pending.get(data.approvalId);
    if (!found || found.approval.revision !== data.revision) {
      this.#faults.add('unknown_request', `nobody asked for revision ${data.revision} of ${data.approvalId}`, seq);
      return;
    }
    if (found.approval.status !== 'pending') {
      this.#faults.add('decided_again', `${data.approvalId} was ${found.approval.status} already`, seq);
      return;
    }
    const { signatureId, decision, actor, channel, reasonRef } = data;
    found.answers.push({ seq, signatureId, decision, actor, channel, hasReason: reasonRef !== undefined });
    if (type === 'approval.vote_recorded') return;
    const status = type === 'approval.decided' ? data.status : 'superseded';
    const asked = found.approval;
    found.approval = { ...asked, status };
    if (type !== 'approval.decided' || status !== 'approved') return;
    const { digest, edited } = data;
    found.consent = { seq, approval: asked, answers: [...found.answers], digest, edited, isVoid: false };
    this.#consents.push(found.consent);
  }
}

/** Why the answers that count do not give consent; undefined where they do. */
export const consentFault = (
  { approval, answers, edited, digest }: Consent,
  requester: string,
  isSigned: (answer: ToldAnswer) => boolean,
): string | undefined => {
  const faults = answers.map((answer) => decisionFault(approval, answer, requester));
  const counted = answers.filter((answer, index) => isSigned(answer) && faults[index] === undefined);
  const winner = answers.at(-1);
  if (!winner || !counted.includes(winner)) return faults.at(-1) ?? 'the deciding signature does not hold';
  if (winner.decision === 'edit') {
    if (!edited || edited.digest !== digest) return 'it is not the edited call that was let through';
    const outcome = editOutcome(approval.verdict, edited.verdict, rulesOf(approval));
    return outcome === 'approved' ? undefined : 'an edit like this needs consent of its own';
  }
  if (digest !== approval.digest) return 'what was approved is not what was asked for';
  return tally(approval, counted, requester) === 'approved' ? undefined : 'the quorum is not met';
};
