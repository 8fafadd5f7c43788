/** Follows calls from the model's wish to their outcome: each dispatch must stand on what it says it stands on. */
import { approvalId } from '../core/ids.ts';
import type { Basis } from '../schemas/basis.ts';
import type { EventOf, JudgedCall, RunEvent } from '../schemas/event.ts';
import type { Consent, ConsentTrail } from './consent-trail.ts';
import type { Findings } from './report.ts';

/** A dispatch that stands on people's consent: whether that holds is known once signatures are checked. */
export interface ConsentedDispatch {
  readonly seq: number;
  readonly toolCallId: string;
  readonly consent: Consent;
}

interface Call {
  readonly judged: JudgedCall;
  /** Dispatched, and nothing has happened since that lets it be dispatched again. */
  isOut: boolean;
  basis: Basis | undefined;
  usesGrant: boolean;
  /** A person gave the result, by a signed command. */
  isAnswered: boolean;
}

export class DispatchTrail {
  readonly dispatches: Record<string, number> = {};
  readonly consented: ConsentedDispatch[] = [];
  readonly #calls = new Map<string, Call>();
  readonly #consents: ConsentTrail;
  readonly #faults: Findings;

  constructor(consents: ConsentTrail, faults: Findings) {
    this.#consents = consents;
    this.#faults = faults;
  }

  follow(seq: number, runId: string, event: RunEvent): void {
    switch (event.type) {
      case 'message.completed':
        for (const judged of event.data.calls) this.#judged(seq, runId, judged);
        return;
      case 'tool.started':
        return this.#started(seq, runId, event);
      case 'tool.completed':
        return this.#completed(seq, runId, event);
      case 'tool.failed':
        return this.#settled(seq, runId, event);
      case 'grant.used':
        return this.#change(runId, event.data.toolCallId, { usesGrant: true });
      case 'effect.resolved': {
        const isAnswered = event.data.resolution !== 'retry';
        return this.#change(runId, event.data.toolCallId, { isOut: false, isAnswered });
      }
      case 'effect.rechecked':
        return this.#change(runId, event.data.toolCallId, { isOut: false });
      case 'run.unblocked':
        for (const toolCallId of event.data.answers) this.#change(runId, toolCallId, { isAnswered: true });
        return;
      case 'approval.decided':
        if (event.data.status === 'answered') this.#ofApproval(runId, event.data.approvalId, { isAnswered: true });
        return;
      case 'approval.requested':
        return this.#change(runId, event.data.approval.toolCallId, { isOut: false });
      case 'decision.refused':
        if (event.data.voided) this.#ofApproval(runId, event.data.approvalId, { isOut: false });
        return;
      default:
        return undefined;
    }
  }

  #judged(seq: number, runId: string, judged: JudgedCall): void {
    const key = `${runId}/${judged.toolCallId}`;
    if (this.#calls.has(key)) this.#faults.add('call_repeated', `${judged.toolCallId} was asked for twice`, seq);
    this.#calls.set(key, { judged, isOut: false, basis: undefined, usesGrant: false, isAnswered: false });
  }

  #change(runId: string, toolCallId: string, change: Partial<Call>): void {
    const call = this.#calls.get(`${runId}/${toolCallId}`);
    if (call) Object.assign(call, change);
  }

  #ofApproval(runId: string, id: string, change: Partial<Call>): void {
    const toolCallId = this.#consents.approval(id)?.toolCallId;
    if (toolCallId !== undefined) this.#change(runId, toolCallId, change);
  }

  #started(seq: number, runId: string, { data }: EventOf<'tool.started'>): void {
    const { toolCallId, basis, digest, effectKey } = data;
    this.dispatches[basis] = (this.dispatches[basis] ?? 0) + 1;
    const call = this.#calls.get(`${runId}/${toolCallId}`);
    const fault = (code: string, detail: string) => this.#faults.add(code, `${toolCallId}: ${detail}`, seq);
    if (!call) return fault('unknown_call', 'no model asked for this call');
    if (call.isOut) fault('started_twice', 'it was dispatched again, and nothing says why');
    Object.assign(call, { isOut: true, basis });
    const id = approvalId(runId, toolCallId);
    const revision = revisionIn(effectKey, id);
    if (revision === undefined) return fault('effect_key', 'its effect key is that of another call');
    switch (basis) {
      case 'consent': {
        const consent = this.#consents.consentTo(id, revision);
        if (!consent) return fault('started_without_consent', `nobody's consent to revision ${revision} was live`);
        if (consent.digest !== digest) return fault('other_digest', 'what was dispatched is not what was approved');
        this.consented.push({ seq, toolCallId, consent });
        return;
      }
      case 'rule':
      case 'grant': {
        const { verdict, digest: judged } = call.judged;
        if (judged !== digest) return fault('other_digest', 'what was dispatched is not what was judged');
        const isCovered = basis === 'rule' ? verdict?.effect === 'allow' : call.judged.grantId !== undefined;
        return isCovered ? undefined : fault('not_allowed', `no ${basis} allowed it`);
      }
      case 'expiry': {
        const approval = this.#consents.approval(id);
        const isExpired = approval?.status === 'expired' && approval.revision === revision;
        if (!isExpired || approval.verdict.onExpire !== 'allow') fault('not_allowed', 'its expiry allowed nothing');
        else if (approval.digest !== digest) fault('other_digest', 'what was dispatched is not what was asked for');
        return;
      }
    }
  }

  #completed(seq: number, runId: string, event: EventOf<'tool.completed'>): void {
    if (event.data.suppliedBy === undefined) return this.#settled(seq, runId, event);
    const { toolCallId } = event.data;
    if (this.#calls.get(`${runId}/${toolCallId}`)?.isAnswered) return;
    this.#faults.add('unsigned_answer', `${toolCallId}: no signed command supplied its result`, seq);
  }

  #settled(seq: number, runId: string, { data }: EventOf<'tool.completed'> | EventOf<'tool.failed'>): void {
    const call = this.#calls.get(`${runId}/${data.toolCallId}`);
    if (call?.isAnswered) return;
    const fault = (code: string, detail: string) => this.#faults.add(code, `${data.toolCallId}: ${detail}`, seq);
    if (!call?.basis) fault('never_started', 'it has an outcome and was never dispatched');
    else if (call.basis === 'grant' && !call.usesGrant)
      fault('grant_not_used', 'it ran on a grant of which no use was taken');
  }
}

/** The revision that an effect key of this approval names; undefined where it is the key of another. */
const revisionIn = (effectKey: string, id: string): number | undefined => {
  const match = effectKey.startsWith(`${id}.`) ? /^\d{1,6}$/.exec(effectKey.slice(id.length + 1)) : null;
  return match ? Number(match[0]) : undefined;
};
