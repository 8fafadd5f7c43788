/**
 * What the promise means, said a second time and much more simply than in the core: who may decide what, what counts, what
 * is closed. It hears every command and event, predicts what becomes of each decision, and is asked whenever a tool is
 * entered. It shares no code with the core: only the shapes of commands and events.
 */
import type { Actor } from '../../src/domain/schemas/actor.ts';
import type { ApproverRule, Verdict } from '../../src/domain/schemas/approval.ts';
import type { BlobRef } from '../../src/domain/schemas/names.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import type { DecideCommand } from '../../src/domain/schemas/command.ts';
import { REQUESTER, policyOf } from './cast.ts';

export interface Given {
  readonly command: DecideCommand;
  readonly actor: Actor;
  readonly channel: string;
  readonly attestedAt: number;
  readonly signatureId: string;
}

export type Answer = 'nothing' | 'refused' | 'vote' | 'approved' | 'rejected' | 'answered' | 'sent_back' | 'revised';

interface Ballot {
  readonly who: Actor;
  readonly yes: boolean;
  readonly hasReason: boolean;
  readonly channel: string;
}

/** One call's request for consent, at its latest revision. */
export interface Ask {
  readonly toolCallId: string;
  revision: number;
  digest: string;
  policy: Verdict;
  readonly isQuestion: boolean;
  readonly askedAt: number;
  decideBy: number;
  step: number;
  state: 'open' | 'closed' | 'consented' | 'silent';
  /** Until when consent lets it run. */
  runsUntil: number;
  ballots: Ballot[];
  readonly strangersTo: readonly string[];
  readonly editor: string | undefined;
  /** Decisions that count on this revision, and those that made it. Void ones are forgotten: only their signatures are not. */
  seen: Set<string>;
  readonly revisers: Set<string>;
  readonly signatures: Set<string>;
}

/** Who somebody is beyond doubt; of whom a delegation says no more than the name, they are taken to be that, too. */
const namesOf = (actor: Actor): string[] => [
  actor.principal,
  actor.createdBy ?? actor.principal,
  ...(actor.delegatedFrom ?? []).flatMap((one) => (typeof one === 'string' ? [one] : [])),
];

const rulesNow = ({ policy, step }: Ask): readonly ApproverRule[] => {
  const climbed = step > 0 ? policy.escalation?.steps[step - 1] : undefined;
  const rules = climbed ? climbed.approverRules : policy.approverRules;
  return rules;
};

const isMeant = ({ groups, users }: ApproverRule, names: readonly string[], memberOf: readonly string[]): boolean =>
  (groups === undefined && users === undefined) ||
  [...names.filter((name) => users?.includes(name)), ...memberOf.filter((group) => groups?.includes(group))].length > 0;

/** The places that somebody may take: their own, else that of one whom they stand in for. */
const placesOf = (actor: Actor, rule: ApproverRule, banned: ReadonlySet<string>): string[] => {
  const oneself = namesOf(actor).filter((name) => name !== actor.createdBy);
  if (namesOf(actor).some((name) => banned.has(name))) return [];
  if (isMeant(rule, oneself, actor.groups)) return [actor.principal];
  return (actor.delegatedFrom ?? []).flatMap((one) =>
    typeof one === 'string' || banned.has(one.principal) || !isMeant(rule, [one.principal], one.groups)
      ? []
      : [one.principal],
  );
};

const bannedFrom = (ask: Ask): ReadonlySet<string> => {
  const rules = rulesNow(ask);
  const others = rules.some((rule) => rule.notRequester);
  const several = rules.some((rule) => rule.approvals >= 2);
  const banned = new Set<string>();
  if (others) for (const name of [REQUESTER, ...ask.strangersTo]) banned.add(name);
  if ((others || several) && ask.editor !== undefined) banned.add(ask.editor);
  return banned;
};

const isLegitimate = (ask: Ask, by: { who: Actor; kind: string; hasReason: boolean; channel: string }): boolean => {
  const rules = rulesNow(ask);
  const { who, kind, channel } = by;
  const kinds: readonly string[] = ask.isQuestion ? ['respond', 'reject'] : ask.policy.allowedDecisions;
  const channels: readonly string[] = ask.policy.channels ?? [channel];
  const banned = bannedFrom(ask);
  return (
    who.kind === 'person' &&
    kinds.includes(kind) &&
    channels.includes(channel) &&
    (rules.length === 0 || rules.some((rule) => placesOf(who, rule, banned).length > 0)) &&
    (by.hasReason || !rules.some((rule) => rule.reasonRequired))
  );
};

const countable = (ask: Ask): Ballot[] =>
  ask.ballots.filter((ballot) => isLegitimate(ask, { ...ballot, kind: ballot.yes ? 'approve' : 'reject' }));

/** Every way to seat everybody is tried. */
const mostSeated = (places: readonly (readonly string[])[], taken: readonly string[] = []): number => {
  const [first, ...more] = places;
  if (first === undefined) return taken.length;
  const free = first.filter((place) => !taken.includes(place));
  return Math.max(mostSeated(more, taken), ...free.map((place) => mostSeated(more, [...taken, place])));
};

const heads = (ask: Ask, ballots: readonly Ballot[], rule: ApproverRule, yes: boolean): number => {
  const people = new Map<string, string[]>();
  for (const { who, yes: said } of ballots)
    if (said === yes) people.set(who.principal, placesOf(who, rule, bannedFrom(ask)));
  return mostSeated([...people.values()]);
};

const approves = (ask: Ask, ballots: readonly Ballot[]): boolean =>
  rulesNow(ask).every((rule) => heads(ask, ballots, rule, true) >= rule.approvals);

const RISKS = ['low', 'medium', 'high', 'critical'];

/** Whether whoever edits a request into this may also approve it. */
const editorDecides = (ask: Ask, after: Verdict): boolean => {
  if (after.effect === 'allow') return true;
  const [now, ...more] = rulesNow(ask);
  const [then, ...others] = after.approverRules;
  return (
    now !== undefined &&
    more.length + others.length === 0 &&
    JSON.stringify(now) === JSON.stringify(then) &&
    now.approvals === 1 &&
    !now.notRequester &&
    RISKS.indexOf(after.risk) <= RISKS.indexOf(ask.policy.risk) &&
    ask.policy.allowedDecisions.every((kind) => after.allowedDecisions.includes(kind)) &&
    (after.channels === undefined || JSON.stringify(after.channels) === JSON.stringify(ask.policy.channels))
  );
};

const allowsPath = (policy: Verdict, path: string): boolean =>
  (policy.stateEditable ?? []).some((pattern) => new RegExp(`^${pattern.replace('.*', '\\.[^.]+')}(\\.|$)`).test(path));

export class Reference {
  readonly asks = new Map<string, Ask>();
  readonly contributors = new Set<string>();
  isEnding = false;
  isOver = false;
  /** Calls that have an outcome, and those among them that never may run. */
  readonly outcomes = new Map<string, string>();

  /** What has to become of this decision. */
  predict({ command, actor, channel, attestedAt, signatureId }: Given): Answer {
    const ask = this.asks.get(command.approvalId);
    if (ask?.seen.has(command.decisionId) || ask?.revisers.has(command.decisionId)) return 'nothing';
    if (!ask || this.isEnding || this.isOver) return 'refused';
    const { decision, digest, edited, responseRef, reasonRef, stateEdits, grantId } = command;
    const bindsDigest = decision === 'approve' || decision === 'edit';
    const isBound = digest === ask.digest || (digest === undefined && !bindsDigest);
    const isTimely = ask.state === 'open' && attestedAt < ask.decideBy;
    const isFresh = command.revision === ask.revision && !ask.signatures.has(signatureId);
    const isWhole =
      (decision === 'edit') === Boolean(edited) &&
      (decision === 'respond') === Boolean(responseRef) &&
      (decision !== 'request_changes' || Boolean(reasonRef)) &&
      (decision === 'approve' || !grantId) &&
      (!stateEdits || bindsDigest || decision === 'respond');
    const hasReason = Boolean(reasonRef);
    const ballot = { who: actor, yes: decision === 'approve', hasReason, channel };
    if (!isBound || !isTimely || !isFresh || !isWhole) return 'refused';
    if (!isLegitimate(ask, { ...ballot, kind: decision })) return 'refused';
    if (countable(ask).some(({ who }) => who.principal === actor.principal)) return 'refused';
    if (edited?.verdict.effect === 'deny') return 'refused';
    const isLone = approves(ask, [{ ...ballot, yes: true }]) && (!edited || editorDecides(ask, edited.verdict));
    if (stateEdits && !(isLone && stateEdits.paths.every((path) => allowsPath(ask.policy, path)))) return 'refused';
    if (decision === 'edit') return edited && editorDecides(ask, edited.verdict) ? 'approved' : 'revised';
    if (decision === 'respond') return 'answered';
    if (decision === 'request_changes') return 'sent_back';
    const ballots = [...countable(ask), ballot];
    const rules = rulesNow(ask);
    if (rules.some((rule) => heads(ask, ballots, rule, false) >= rule.rejections)) return 'rejected';
    if (rules.length === 0) return decision === 'approve' ? 'approved' : 'rejected';
    return decision === 'approve' && approves(ask, ballots) ? 'approved' : 'vote';
  }

  /** The decision has had the outcome that was predicted. */
  follow({ command, actor, channel, attestedAt, signatureId }: Given, answer: Answer): void {
    const ask = this.asks.get(command.approvalId);
    if (!ask || answer === 'nothing' || answer === 'refused') return;
    (answer === 'revised' ? ask.revisers : ask.seen).add(command.decisionId);
    ask.signatures.add(signatureId);
    const { decision, edited, stateEdits, reasonRef } = command;
    if (answer === 'vote') {
      const yes = decision === 'approve';
      ask.ballots.push({ who: actor, yes, hasReason: Boolean(reasonRef), channel });
      return;
    }
    const gave = edited ?? stateEdits ?? (decision === 'approve' ? undefined : (reasonRef ?? command.responseRef));
    if (gave) this.contributors.add(actor.principal);
    ask.state = answer === 'approved' ? 'consented' : 'closed';
    if (answer !== 'approved') return;
    if (edited) Object.assign(ask, { digest: edited.digest, policy: edited.verdict });
    ask.runsUntil = attestedAt + ask.policy.executeWithinMs;
  }

  hear(event: RunEvent): void {
    const { type, data } = event;
    switch (type) {
      case 'approval.requested':
        return this.#opened(event.at, data.approval);
      case 'decision.refused': {
        const ask = data.voided ? this.asks.get(data.approvalId) : undefined;
        if (ask) Object.assign(ask, { state: 'open', ballots: [], seen: new Set() });
        return;
      }
      case 'approval.extended':
        return this.#change(data.approvalId, { decideBy: data.decideBy });
      case 'approval.escalated':
        return this.#change(data.approvalId, { decideBy: data.decideBy, step: data.step });
      case 'approval.reopened':
        return this.#change(data.approvalId, {
          decideBy: data.decideBy,
          step: 0,
          state: 'open',
          ballots: [],
          seen: new Set(),
        });
      case 'approval.expired':
        return this.#change(data.approvalId, { state: data.outcome === 'allow' ? 'silent' : 'closed' });
      case 'approval.withdrawn':
        return this.#change(data.approvalId, { state: 'closed' });
      case 'turn.started':
        return this.asks.clear();
      case 'run.unblocked':
        this.contributors.add(data.actor.principal);
        return;
      case 'effect.resolved':
        if (data.resolution !== 'retry') this.contributors.add(data.actor.principal);
        return;
      case 'run.cancel_requested':
        this.isEnding = true;
        return;
      case 'run.completed':
      case 'run.failed':
      case 'run.cancelled':
        this.isOver = true;
        return;
      default:
    }
    if (type === 'tool.completed' || type === 'tool.failed' || type === 'tool.denied')
      this.outcomes.set(data.toolCallId, type);
  }

  #change(id: string, change: Partial<Ask>): void {
    const ask = this.asks.get(id);
    if (ask) Object.assign(ask, change);
  }

  #opened(
    at: number,
    given: {
      approvalId: string;
      toolCallId: string;
      revision: number;
      digest: string;
      argumentsRef: BlobRef;
      kind: string;
      editor?: string | undefined;
    },
  ): void {
    const before = this.asks.get(given.approvalId);
    const policy = policyOf(given.argumentsRef);
    const isQuestion = given.kind === 'question';
    // A question that policy allows may be answered by anybody.
    const anybody = { approvals: 1, rejections: 1, notRequester: false, reasonRequired: false };
    const open = isQuestion && policy.approverRules.length === 0 ? { ...policy, approverRules: [anybody] } : policy;
    this.asks.set(given.approvalId, {
      toolCallId: given.toolCallId,
      revision: given.revision,
      digest: given.digest,
      policy: open,
      isQuestion,
      askedAt: at,
      decideBy: at + policy.decideWithinMs,
      step: 0,
      state: 'open',
      runsUntil: 0,
      ballots: [],
      strangersTo: [...this.contributors, given.editor ?? 'nobody'],
      editor: given.editor,
      seen: new Set(),
      revisers: before?.revisers ?? new Set(),
      signatures: before?.signatures ?? new Set(),
    });
  }
}
