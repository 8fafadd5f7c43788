/** A run in the sandbox: the core's state, and the events that the store has not acknowledged yet. */
import { decide } from '../domain/core/decide.ts';
import type { CoreCommand } from '../domain/core/decide.ts';
import type { RunState } from '../domain/core/state.ts';
import { proofsOf } from '../domain/core/transfers.ts';
import type { SignedCommand } from '../domain/schemas/command.ts';
import type { NumberedEvent, RunEvent } from '../domain/schemas/event.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import type { Acknowledged, RideAlong } from '../domain/schemas/step.ts';
import type { CarriedRun } from './messages.ts';

export interface LiveRun {
  readonly state: RunState;
  /** Grows with every event: what waits for a change compares it. */
  readonly version: number;
  /** True where events have been given to no step yet. */
  readonly hasUnsentEvents: boolean;
  /** True once the store has every event. */
  readonly isStored: boolean;
  /** Gives the events that the command led to. */
  apply(command: CoreCommand): readonly RunEvent[];
  /** Done once a step has answered: for what came before the answer that it is about. */
  hold(work: () => void): void;
  /** Settles with the next event. One waiter at a time: the run's own loop. */
  nextEvent(): Promise<void>;
  /** All events not yet acknowledged: each batch extends what the store has, whichever step is first. */
  rideAlong(): RideAlong;
  acknowledge(answer: Acknowledged): void;
  /** The run has ended in the store, as a lost task or somebody outside told it: it stays so. */
  endAs(status: RunStatus): void;
  /** Keeps a signed decision that counts towards consent, for the gate to verify again. */
  keepEvidence(approvalId: string, signed: SignedCommand): void;
  evidenceFor(approvalId: string): readonly SignedCommand[];
  /** Keeps the signed order to try a call again whose outcome nobody knows. */
  keepRetry(toolCallId: string, signed: SignedCommand): void;
  retryFor(toolCallId: string): SignedCommand | undefined;
  carry(): CarriedRun;
}

const MAX_HELD = 200;

export const openRun = (from: CarriedRun): LiveRun => {
  let { state, nextOrdinal } = from;
  let evidence = evidenceIn(from);
  let retries = { ...from.retries };
  let outbox: readonly NumberedEvent[] = [];
  let sent = nextOrdinal - 1;
  let wake: (() => void) | undefined;
  let held: readonly (() => void)[] = [];
  const { tenant, project, runId, rootRunId } = state.identity;

  return {
    get state() {
      return state;
    },
    get version() {
      return nextOrdinal;
    },
    get hasUnsentEvents() {
      return nextOrdinal - 1 > sent;
    },
    get isStored() {
      return outbox.length === 0;
    },
    apply(command) {
      const step = decide(state, command, Date.now());
      ({ state } = step);
      outbox = [...outbox, ...step.events.map((event): NumberedEvent => ({ ordinal: nextOrdinal++, event }))];
      if (state.phase === 'asking') {
        evidence = {};
        retries = {};
      }
      for (const event of step.events) {
        const voided = voidedBy(event);
        if (voided !== undefined) delete evidence[voided];
      }
      if (step.events.length > 0) wake?.();
      if (command.type === 'model_settled' || command.type === 'tool_settled') {
        const due = held;
        held = [];
        for (const work of due) work();
      }
      return step.events;
    },
    hold(work) {
      // More than people could give to one turn: whoever floods is judged at once, and refused.
      if (held.length >= MAX_HELD) work();
      else held = [...held, work];
    },
    nextEvent() {
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
    rideAlong() {
      sent = nextOrdinal - 1;
      const { transfers } = state;
      const { agentDigest } = state.identity;
      const acting = { agentDigest, ...(transfers && { transfers: proofsOf(transfers) }) };
      return { run: { tenant, project, runId, rootRunId, ...acting }, events: outbox };
    },
    acknowledge({ acknowledged }) {
      outbox = outbox.filter(({ ordinal }) => ordinal > acknowledged);
    },
    endAs(status) {
      state = { ...state, status };
      outbox = [];
    },
    keepEvidence(approvalId, signed) {
      evidence[approvalId] = [...(evidence[approvalId] ?? []), signed];
    },
    evidenceFor: (approvalId) => evidence[approvalId] ?? [],
    keepRetry(toolCallId, signed) {
      retries[toolCallId] = signed;
    },
    retryFor: (toolCallId) => retries[toolCallId],
    carry: () => ({ state, nextOrdinal, evidence, retries }),
  };
};

type Evidence = Record<string, readonly SignedCommand[]>;

/** Runs that were carried over before there were votes have one decision for each approval. */
const evidenceIn = ({ evidence }: CarriedRun): Evidence =>
  Object.fromEntries(
    Object.entries(evidence).map(([id, kept]) => [id, Array.isArray(kept) ? kept : [kept as SignedCommand]]),
  );

/** The approval whose votes so far count no more, where the event means that. */
const voidedBy = (event: RunEvent): string | undefined => {
  switch (event.type) {
    case 'approval.superseded':
    case 'approval.reopened':
      return event.data.approvalId;
    case 'approval.requested':
      return event.data.approval.approvalId;
    case 'decision.refused':
      return event.data.voided ? event.data.approvalId : undefined;
    default:
      return undefined;
  }
};
