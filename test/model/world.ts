/** One run in a world of its own: the workflow's driver, its steps, the gate and the ledger, all in memory. */
import type { CoreCommand } from '../../src/domain/core/decide.ts';
import { approvalId, effectKey } from '../../src/domain/core/ids.ts';
import { next } from '../../src/domain/core/next.ts';
import type { Action } from '../../src/domain/core/next.ts';
import { isFinished } from '../../src/domain/core/run-status.ts';
import { hasWorkInFlight, isReady, newRunState } from '../../src/domain/core/state.ts';
import type { ReadyCall, RunState } from '../../src/domain/core/state.ts';
import { RunLimits } from '../../src/domain/schemas/agent.ts';
import type { ResolveCommand } from '../../src/domain/schemas/command.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import type { RunToolInput, ToolOutcome, ToolStepResult } from '../../src/domain/schemas/step.ts';
import { openRun } from '../../src/workflows/live-run.ts';
import type { LiveRun } from '../../src/workflows/live-run.ts';
import { RUN_ID, helperRun, ref } from '../support/core.ts';
import { PEOPLE, REQUESTER } from './cast.ts';
import { prove, refusal, sign } from './gate.ts';
import type { Refusal } from './gate.ts';
import { Ledger } from './ledger.ts';
import type { Attempt } from './ledger.ts';
import { modelAnswer } from './model-turn.ts';
import type { ModelCall, Move } from './moves.ts';
import { People } from './people.ts';
import { pick } from './pick.ts';

/** The time that the workflow's sandbox sees. */
export const clock = { nowMs: 0 };

/** One dispatched call on its way: queued, entered (reserved), acted, settled, then its answer is handed to the core. */
export interface ToolStep {
  readonly input: RunToolInput;
  readonly effect: string;
  attempt?: Attempt;
  acted: boolean;
  result?: ToolStepResult;
}

/** What the world tells whoever checks it. */
export interface Observer {
  /** Before a command is handled. */
  handles(command: CoreCommand, state: RunState): void;
  handled(command: CoreCommand, events: readonly RunEvent[], state: RunState): void;
  /** A tool's code is entered, with its effect still to come. */
  entered(step: ToolStep): void;
}

const limits = RunLimits.parse({
  maxTurns: 12,
  maxPending: 3,
  maxRejections: 2,
  maxConcurrentTools: 3,
  repairTurns: 1,
});
const identity = helperRun({ principal: REQUESTER, groups: ['finance'] });
const DONE: ToolOutcome = { type: 'completed', resultRef: ref('result') };

export class World {
  readonly log: RunEvent[] = [];
  readonly ledger = new Ledger();
  readonly liveGrants = new Set<string>();
  /** How often a tool's effect came about, by effect key. */
  readonly acts = new Map<string, number>();
  readonly effectOf = new Map<string, string>();
  steps: ToolStep[] = [];
  /** Attempts that were given up but still go on somewhere. */
  lingering: ToolStep[] = [];
  commands = 0;
  #live: LiveRun = openRun({ state: newRunState(identity, limits), nextOrdinal: 1, evidence: {} });
  #isStopping = false;
  readonly #people = new People();
  readonly #observer: Observer;

  constructor(observer: Observer) {
    this.#observer = observer;
    clock.nowMs = 1_000_000;
    this.apply({ type: 'start', inputRef: ref('input') });
  }

  get state(): RunState {
    return this.#live.state;
  }

  apply(command: CoreCommand): readonly RunEvent[] {
    this.commands += 1;
    this.#observer.handles(command, this.state);
    const events = this.#live.apply(command);
    this.log.push(...events);
    // Stored at once: what the store sees late is the store's tests' affair.
    this.#live.acknowledge({ acknowledged: this.#live.version });
    this.#observer.handled(command, events, this.state);
    return events;
  }

  /** One round of the driver's loop, as `agentRun` goes it. */
  drive(): readonly Action[] {
    const actions = next(this.state, clock.nowMs);
    for (const action of actions) {
      if (action.type === 'call_model') this.apply({ type: 'begin_turn' });
      else if (action.type === 'run_tool') this.#dispatch(action.call);
      else if (action.type === 'stop_work') this.#isStopping = true;
    }
    this.apply({ type: 'tick' });
    return actions;
  }

  #dispatch(call: ReadyCall): void {
    const { toolCallId, tool, revision, basis, argumentsRef, factsRef, digest: shown, grantId } = call;
    const events = this.apply({ type: 'dispatch', toolCallId });
    if (!events.some((event) => event.type === 'tool.started')) return;
    const retry = this.#live.retryFor(toolCallId);
    const input: RunToolInput = {
      ...this.#live.rideAlong(),
      turn: this.state.turn,
      toolCallId,
      tool,
      revision,
      basis,
      argumentsRef,
      factsRef,
      digest: shown,
      evidence: this.#live.evidenceFor(approvalId(RUN_ID, toolCallId)),
      ...(basis === 'grant' && grantId !== undefined && { grantId }),
      ...(retry && { retry }),
    };
    this.steps.push({ input, effect: call.effect ?? 'once', acted: false });
  }

  /** One stage further. Gives the result to be handed over once there is one. */
  #advance(step: ToolStep, injected: Refusal['then'] | undefined): void {
    if (step.result) return;
    if (!step.attempt) {
      const result = this.#enter(step, injected);
      if (result) step.result = result;
    } else if (step.acted) {
      const { effectKey: key, epoch } = step.attempt;
      const isFirst = this.ledger.settle(step.attempt, DONE);
      step.result = isFirst ? DONE : (this.ledger.rows.get(key)?.settled ?? { type: 'outcome_unknown', epoch });
    } else {
      step.acted = true;
      this.acts.set(step.attempt.effectKey, (this.acts.get(step.attempt.effectKey) ?? 0) + 1);
    }
  }

  #enter(step: ToolStep, injected: Refusal['then'] | undefined): ToolStepResult | undefined {
    const { input, effect } = step;
    const key = effectKey(RUN_ID, input.toolCallId, input.revision);
    const refused = this.#refusalOf(step, injected);
    if (refused) return this.ledger.knownOutcome(key, effect) ?? refused;
    const retry = input.retry && (JSON.parse(input.retry.bytes) as ResolveCommand);
    const retryOf = retry?.effectKey === key && retry.digest === input.digest ? retry.epoch : undefined;
    const reservation = this.ledger.reserve(key, input.digest, effect, retryOf);
    switch (reservation.state) {
      case 'settled':
        return reservation.outcome;
      case 'outcome_unknown':
        return { type: 'outcome_unknown', epoch: reservation.epoch };
      case 'digest_mismatch':
        return refusal('effect_key_reused', 'park');
      case 'reserved':
        step.attempt = reservation.attempt;
        this.effectOf.set(key, effect);
        this.#observer.entered(step);
        return undefined;
    }
  }

  #refusalOf({ input, effect }: ToolStep, injected: Refusal['then'] | undefined): Refusal | undefined {
    if (this.#isStopping) return refusal('run_cancelled', 'deny');
    if (isFinished(this.state.status)) return refusal('run_over', 'deny');
    if (injected) return refusal('injected', injected);
    const { log, liveGrants } = this;
    return prove(input, { nowMs: clock.nowMs, log, liveGrants, effect });
  }

  play(move: Move): void {
    const { state } = this;
    const { nowMs } = clock;
    switch (move.do) {
      case 'drive':
        return void this.drive();
      case 'answer':
        return this.answer(move.calls, move.unmet);
      case 'modelFails': {
        const result = { type: 'failed', code: 'busy', message: 'Busy.', retryable: move.retryable } as const;
        return void this.apply({ type: 'model_settled', result });
      }
      case 'decide': {
        if (move.flaw === 'forged') return void this.apply({ type: 'ignore', signal: 'decide', code: 'bad_signature' });
        const given = this.#people.decide(state, nowMs, move);
        const { approvalId: id, decisionId } = given.command;
        const events = this.apply({ type: 'decide', given });
        if (events.some((event) => givesConsent(event, decisionId))) this.#live.keepEvidence(id, sign(given));
        return;
      }
      case 'time':
        clock.nowMs += move.ms;
        return void this.apply({ type: 'tick' });
      case 'force': {
        const ready = state.calls.filter(isReady);
        const call = pick(ready.length > 0 ? ready : state.calls, move.which);
        if (call && isReady(call)) this.#dispatch(call);
        else if (call) this.apply({ type: 'dispatch', toolCallId: call.toolCallId });
        return;
      }
      case 'cancel':
        return void this.apply({ type: 'cancel', channel: 'api', actor: PEOPLE.anna });
      case 'block':
        return void this.apply(this.#people.block(nowMs, move));
      case 'unblock':
        return void this.apply(this.#people.unblock(nowMs, move));
      case 'extend':
        return void this.apply(this.#people.extend(state, nowMs, move));
      case 'resolve':
        return this.#resolve(this.#people.resolve(state, nowMs, move));
      case 'recheck':
        return void this.apply({
          type: 'recheck',
          toolCallId: pick(state.calls, move.which)?.toolCallId ?? 'call_9_9',
        });
      case 'revoke':
        return this.liveGrants.clear();
      case 'roll':
        return this.#roll();
      case 'linger':
        return this.#linger(move.which);
      case 'step':
      case 'crash':
      case 'giveUp': {
        const step = pick(this.steps, move.which);
        if (!step) return;
        if (move.do === 'step') return this.goOn(step, move.stages, move.refuse);
        return move.do === 'crash' ? this.#crash(step, move.lingers) : this.#giveUp(step);
      }
    }
  }

  answer(calls: readonly ModelCall[], isUnmet: boolean): void {
    const result = modelAnswer(this.state, calls, isUnmet);
    if (result.type === 'answered')
      for (const { grantId } of result.calls) if (grantId !== undefined) this.liveGrants.add(grantId);
    this.apply({ type: 'model_settled', result });
  }

  /** The step advances, and hands over what it has come to. */
  goOn(step: ToolStep, stages: number, injected?: Refusal['then']): void {
    for (let stage = 0; stage < stages; stage += 1) {
      if (step.result) {
        this.steps = this.steps.filter((one) => one !== step);
        this.apply({ type: 'tool_settled', toolCallId: step.input.toolCallId, result: step.result });
        return;
      }
      this.#advance(step, injected);
    }
  }

  /** Its worker dies, wherever it is: it begins again. What it was doing may go on. */
  #crash(step: ToolStep, lingers: boolean): void {
    if (lingers && step.attempt && !step.result) this.lingering.push({ ...step });
    delete step.attempt;
    delete step.result;
    step.acted = false;
  }

  /** A stopped step that does not say what it did. */
  #giveUp(step: ToolStep): void {
    if (!this.#isStopping || step.result) return;
    if (step.attempt) this.lingering.push({ ...step });
    step.result = { type: 'outcome_unknown' };
    this.goOn(step, 1);
  }

  /** A given-up attempt acts, or reports: an answer that comes first settles, and the gate has the call looked at again. */
  #linger(which: number): void {
    const step = pick(this.lingering, which);
    if (!step?.attempt) return;
    if (!step.acted) return this.#advance(step, undefined);
    this.lingering = this.lingering.filter((one) => one !== step);
    if (this.ledger.settle(step.attempt, DONE)) this.apply({ type: 'recheck', toolCallId: step.input.toolCallId });
  }

  #resolve(given: Extract<CoreCommand, { type: 'resolve' }>): void {
    const { command } = given.given;
    const events = this.apply(given);
    if (!events.some((event) => event.type === 'effect.resolved')) return;
    if (command.resolution !== 'retry') {
      const failed = { type: 'failed', code: 'failed_by_operator', reasonRef: command.reasonRef } as const;
      const done = command.resultRef && ({ type: 'completed', resultRef: command.resultRef } as const);
      this.ledger.resolve(command.effectKey, done ?? failed);
    } else if (command.epoch > 0) {
      this.#live.keepRetry(command.toolCallId, { bytes: JSON.stringify(command), jws: '' });
    }
  }

  /** Goes on in a new execution, with what a workflow carries over. */
  #roll(): void {
    if (hasWorkInFlight(this.state) || this.steps.length > 0) return;
    this.#live = openRun(JSON.parse(JSON.stringify(this.#live.carry())) as ReturnType<LiveRun['carry']>);
  }
}

/** As the workflow's handlers keep evidence. */
const givesConsent = ({ type, data }: RunEvent, decisionId: string): boolean =>
  (type === 'approval.vote_recorded' && data.decisionId === decisionId && data.decision === 'approve') ||
  (type === 'approval.decided' && data.decisionId === decisionId && data.status === 'approved');
