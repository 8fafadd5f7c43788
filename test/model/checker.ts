/** Watches one run: every command, every event, every entry of a tool. Throws where the promise is broken. */
import type { CoreCommand } from '../../src/domain/core/decide.ts';
import type { RunState } from '../../src/domain/core/state.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { approvalId } from '../../src/domain/core/ids.ts';
import { RUN_ID } from '../support/core.ts';
import { digestOfCall, policyOf } from './cast.ts';
import { Reference } from './reference.ts';
import type { Answer } from './reference.ts';
import type { ToolStep, World } from './world.ts';
import { clock } from './world.ts';

const fail = (message: string, ...facts: readonly unknown[]): never => {
  throw new Error(`${message} ${facts.map((fact) => JSON.stringify(fact)).join(' ')}`);
};

const RUN_WIDE = ['blocked', 'blocked_by_agent', 'too_many_rejections'];
const ENDS = ['run.completed', 'run.failed', 'run.cancelled'];
const DECIDED: Record<string, Answer> = {
  approved: 'approved',
  rejected: 'rejected',
  answered: 'answered',
  superseded: 'sent_back',
};

/** What the events say became of a decision. */
const answerIn = (events: readonly RunEvent[], decisionId: string): Answer => {
  for (const { type, data } of events) {
    if (!('decisionId' in data) || data.decisionId !== decisionId) continue;
    if (type === 'decision.refused') return 'refused';
    if (type === 'approval.vote_recorded') return 'vote';
    if (type === 'approval.superseded') return 'revised';
    if (type === 'approval.decided') return DECIDED[data.status] ?? fail('A decision without an outcome.', data);
  }
  return 'nothing';
};

export class Checker {
  readonly reference = new Reference();
  /** How often each thing happened, over all runs. */
  readonly #counts: Map<string, number>;
  readonly #winners = new Map<string, string>();
  readonly #answered = new Set<string>();
  readonly #started = new Map<string, string>();
  readonly #effectKeys = new Map<string, string>();
  /** Why the run needs somebody: the code, and the call that it is about. */
  #needs: { code: string; toolCallId: string | undefined }[] = [];
  #expected: Answer = 'nothing';
  #batch: string[] = [];
  #isAsking = false;
  readonly #fingerprints = new Map<string, string>();
  readonly #rejected = new Set<string>();
  /** Calls that repeat one that was rejected before. */
  readonly #repeated = new Set<string>();
  readonly #epochs = new Map<string, number>();
  readonly #effects = new Map<string, string>();
  #granted = new Set<string>();
  #allowed = new Map<string, string>();
  world: World | undefined;

  constructor(counts: Map<string, number>) {
    this.#counts = counts;
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  handles(command: CoreCommand): void {
    if (command.type === 'decide') this.#expected = this.reference.predict(command.given);
  }

  handled(command: CoreCommand, events: readonly RunEvent[], state: RunState): void {
    if (command.type === 'decide') {
      const { given } = command;
      const answer = answerIn(events, given.command.decisionId);
      if (answer !== this.#expected) fail(`Expected ${this.#expected}, got ${answer}.`, given, events);
      this.#count(`decision ${answer}`);
      const asked = this.reference.asks.get(given.command.approvalId);
      this.reference.follow(given, answer);
      if (answer === 'rejected') this.#rejected.add(this.#fingerprints.get(asked?.toolCallId ?? '') ?? '');
      if (answer === 'nothing' && events.length > 0) fail('A repeated decision had effects.', events);
      if (answer === 'refused' && events.length > 1) fail('A refused decision had effects.', events);
    }
    this.#isAnswered(command, events);
    for (const event of events) this.#check(command, event);
    this.#checkStatus(state);
  }

  /** Whoever commands something hears of it, by its id, once. */
  #isAnswered(command: CoreCommand, events: readonly RunEvent[]): void {
    if (!('given' in command) || command.type === 'decide' || !command.given.command) return;
    const { commandId } = command.given.command;
    const answers = events.filter(({ data }) => 'commandId' in data && data.commandId === commandId);
    const wanted = this.#answered.has(commandId) ? 0 : 1;
    if (answers.length !== wanted) fail(`${command.type} has ${answers.length} answers.`, command, events);
    if (wanted === 0 && events.length > 0) fail('A repeated command had effects.', command, events);
    this.#answered.add(commandId);
    this.#count(`${command.type} ${answers[0]?.type === 'command.refused' ? 'refused' : 'followed'}`);
  }

  #check(command: CoreCommand, event: RunEvent): void {
    const { reference } = this;
    const { type, data } = event;
    this.#count(type);
    const isLate = type === 'decision.refused' || type === 'command.refused';
    if (reference.isOver && !isLate) fail('Something happened after the end.', event);
    switch (type) {
      case 'turn.started':
        if (reference.isEnding || this.#isStopped()) fail('The model was asked although the run is stopped.', event);
        this.#isAsking = true;
        break;
      case 'message.restarted':
        this.#isAsking = false;
        break;
      case 'run.cancelled':
        if (this.#isAsking) fail('It ended while the model was being asked.', event);
        break;
      case 'message.completed': {
        this.#isAsking = false;
        for (const { toolCallId, effect = 'once', fingerprint = '' } of data.calls) {
          this.#effects.set(toolCallId, effect);
          this.#fingerprints.set(toolCallId, fingerprint);
          if (this.#rejected.has(fingerprint)) this.#repeated.add(toolCallId);
        }
        const together = data.calls.filter(({ verdict, role }) => verdict?.batch && role !== 'block');
        this.#batch = together.map(({ toolCallId }) => toolCallId);
        this.#granted = new Set(data.calls.flatMap((call) => (call.grantId === undefined ? [] : [call.toolCallId])));
        for (const { toolCallId, argumentsRef, digest, role } of data.calls)
          if (argumentsRef && digest && !role && policyOf(argumentsRef).effect === 'allow')
            this.#allowed.set(toolCallId, digest);
        break;
      }
      case 'approval.decided':
      case 'approval.superseded': {
        const place = `${data.approvalId}.${data.revision}`;
        if (this.#winners.has(place)) fail('Two decisions won.', event);
        this.#winners.set(place, data.decisionId);
        if (type === 'approval.decided' && data.stateEditsRef) this.#count('state edited');
        break;
      }
      case 'decision.refused':
        if (data.voided) this.#winners.delete(`${data.approvalId}.${data.revision}`);
        break;
      case 'approval.expired':
      case 'approval.escalated': {
        const ask = reference.asks.get(data.approvalId);
        if (
          command.type !== 'tick' ||
          ask?.state !== 'open' ||
          ask.revision !== data.revision ||
          clock.nowMs < ask.decideBy
        )
          fail('It was not due.', event, ask);
        const isSilent = type === 'approval.expired' && data.outcome === 'allow';
        const mayBeSilent = ask?.policy.onExpire === 'allow' && this.#effects.get(ask.toolCallId) !== 'once';
        if (isSilent && !mayBeSilent) fail('Silence does not allow it.', event, ask);
        break;
      }
      case 'approval.withdrawn':
        if (reference.asks.get(data.approvalId)?.state !== 'open') fail('What is closed was withdrawn.', event);
        break;
      case 'tool.started':
        this.#checkStart(event);
        break;
      case 'tool.completed':
      case 'tool.failed':
      case 'tool.denied':
        if (reference.outcomes.has(data.toolCallId)) fail('A call has two outcomes.', event);
        break;
      case 'run.blocked':
        this.#needs.push({ code: data.code, toolCallId: data.toolCallId });
        break;
      case 'run.unblocked':
        this.#needs = this.#needs.filter(({ code }) => !RUN_WIDE.includes(code));
        break;
      case 'tool.outcome_unknown':
        this.#epochs.set(data.toolCallId, data.epoch ?? 1);
        break;
      case 'approval.requested':
        if (this.#repeated.has(data.approval.toolCallId)) fail('What was rejected is asked again.', event);
        break;
      case 'approval.extended': {
        const ask = reference.asks.get(data.approvalId);
        if (ask?.state !== 'open' || ask.revision !== data.revision || data.decideBy <= ask.decideBy)
          fail('It cannot be extended so.', event, ask);
        break;
      }
      case 'effect.resolved':
        if (data.epoch !== (this.#epochs.get(data.toolCallId) ?? 0)) fail('Another attempt was meant.', event);
        if (!this.#needs.some(({ code, toolCallId }) => toolCallId === data.toolCallId && !RUN_WIDE.includes(code)))
          fail('A call was resolved that is not parked.', event);
        this.#needs = this.#needs.filter(({ toolCallId }) => toolCallId !== data.toolCallId);
        break;
      case 'effect.rechecked':
        this.#needs = this.#needs.filter(({ toolCallId }) => toolCallId !== data.toolCallId);
        break;
      default:
    }
    reference.hear(event);
    if (type === 'approval.expired' && data.outcome === 'fail') reference.isEnding = true;
    if (ENDS.includes(type) && (this.world?.steps.length ?? 0) > 0) fail('It ended while a tool was out.', event);
    if (ENDS.includes(type))
      for (const { state } of reference.asks.values())
        if (state === 'open') fail('It ended with an open request.', event);
  }

  /** Somebody, the agent itself or too many rejections stopped the whole run. */
  #isStopped(): boolean {
    return this.#needs.some(({ code }) => RUN_WIDE.includes(code));
  }

  #checkStart({ data }: Extract<RunEvent, { type: 'tool.started' }>): void {
    const { toolCallId, effectKey } = data;
    const { reference } = this;
    if (reference.isEnding || reference.isOver) fail('A call started although the run is ending.', data);
    if (this.#isStopped()) fail('A call started although the run is blocked.', data);
    if (this.#repeated.has(toolCallId)) fail('What was rejected started.', data);
    if (reference.outcomes.has(toolCallId)) fail('A call started that has an outcome.', data);
    if (this.#needs.some((need) => need.toolCallId === toolCallId)) fail('A parked call started.', data);
    this.#checkConsent(data);
    if (this.#batch.includes(toolCallId))
      for (const other of this.#batch) {
        const ask = reference.asks.get(approvalId(RUN_ID, other));
        const isDenied = reference.outcomes.get(other) === 'tool.denied';
        const hasRun = this.#started.has(other) || reference.outcomes.has(other);
        if (!hasRun && (isDenied || (ask ? ask.state === 'open' : !this.#granted.has(other))))
          fail('A call started before those that it belongs with were approved.', data, other);
      }
    this.#started.set(toolCallId, effectKey);
  }

  /** The reason that a call gives for its start must be one. */
  #checkConsent({ toolCallId, basis, digest, effectKey }: Extract<RunEvent, { type: 'tool.started' }>['data']): void {
    const ask = this.reference.asks.get(approvalId(RUN_ID, toolCallId));
    const isOfThis = ask?.digest === digest && effectKey.endsWith(`.${ask.revision}`);
    if (basis === 'rule' && this.#allowed.get(toolCallId) !== digest) fail('No rule allows it.', toolCallId);
    if (basis === 'rule' && ask) fail('It was asked for, and yet runs by a rule.', toolCallId);
    if (basis === 'grant' && (!this.#granted.has(toolCallId) || ask)) fail('No grant covers it.', toolCallId);
    if (basis === 'consent' && !(isOfThis && ask?.state === 'consented'))
      fail('Nobody consents to it.', toolCallId, ask);
    if (basis === 'expiry' && !(isOfThis && ask?.state === 'silent'))
      fail('Silence does not allow it.', toolCallId, ask);
  }

  /** A tool's code is entered: everything must hold at this moment. */
  entered({ input, effect, attempt }: ToolStep): void {
    const { toolCallId, basis, digest, revision, grantId } = input;
    this.#count(`entered by ${basis}`);
    const { reference, world } = this;
    if (reference.isOver) fail('A tool was entered after the end.', toolCallId);
    if (reference.outcomes.has(toolCallId)) fail('A tool was entered for a call that has an outcome.', toolCallId);
    const key = attempt?.effectKey ?? '';
    this.#checkConsent({ toolCallId, tool: input.tool, basis, digest, effectKey: key });
    const ask = reference.asks.get(approvalId(RUN_ID, toolCallId));
    if (digest !== digestOfCall(toolCallId, revision, input.argumentsRef)) fail('Other arguments run.', input);
    if (basis === 'consent' && clock.nowMs >= (ask?.runsUntil ?? 0)) fail('The consent has run out.', input, ask);
    if (basis === 'expiry' && (effect === 'once' || ask?.policy.onExpire !== 'allow'))
      fail('Silence does not allow it.', input);
    if (basis === 'grant' && !world?.liveGrants.has(grantId ?? '')) fail('The grant is over.', input);
    if (effect === 'none') return;
    const before = this.#effectKeys.get(toolCallId);
    if (before !== undefined && before !== key) fail('One call has two effects.', before, key);
    this.#effectKeys.set(toolCallId, key);
  }

  /** Status is what follows from why the run stands still, and nothing else. */
  #checkStatus(state: RunState): void {
    const { reference } = this;
    if (reference.isOver !== ENDS.includes(`run.${state.status}`)) fail('The end is not told.', state.status);
    if (reference.isOver) return;
    const needs = this.#needs.length > 0 && !reference.isEnding;
    if (needs !== (state.status === 'needs_attention'))
      fail('It needs somebody, or does not.', state.status, this.#needs);
    if (state.status !== 'suspended') return;
    if (![...reference.asks.values()].some((ask) => ask.state === 'open')) fail('It waits for nobody.', state.status);
    if (state.calls.some(({ status }) => status === 'running' || status === 'ready')) fail('It waits while it works.');
  }

  /** At the end of a run: effects against what may have come about. */
  checkEffects(world: World): void {
    for (const [key, times] of world.acts) {
      const row = world.ledger.rows.get(key);
      if (!row) fail('An effect that nobody reserved.', key);
      const effect = world.effectOf.get(key);
      if (effect === 'once' && times > (row?.epoch ?? 0)) fail('More effects than attempts that were let.', key, times);
    }
  }
}
