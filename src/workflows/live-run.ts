/** A run in the sandbox: the core's state, and the events that the store has not acknowledged yet. */
import { decide } from '../domain/core/decide.ts';
import type { CoreCommand } from '../domain/core/decide.ts';
import type { RunState } from '../domain/core/state.ts';
import type { SignedCommand } from '../domain/schemas/command.ts';
import type { NumberedEvent } from '../domain/schemas/event.ts';
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
  apply(command: CoreCommand): void;
  /** Settles with the next event. One waiter at a time: the run's own loop. */
  nextEvent(): Promise<void>;
  /** All events not yet acknowledged: each batch extends what the store has, whichever step is first. */
  rideAlong(): RideAlong;
  acknowledge(answer: Acknowledged): void;
  /** Keeps the signed decision that gave consent, for the gate to verify again. */
  keepEvidence(approvalId: string, signed: SignedCommand): void;
  evidenceFor(approvalId: string): readonly SignedCommand[];
  carry(): CarriedRun;
}

export const openRun = (from: CarriedRun): LiveRun => {
  let { state, nextOrdinal } = from;
  let evidence = { ...from.evidence };
  let outbox: readonly NumberedEvent[] = [];
  let sent = nextOrdinal - 1;
  let wake: (() => void) | undefined;
  const { tenant, project, runId, rootRunId, agentDigest } = state.identity;

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
      if (state.phase === 'asking') evidence = {};
      if (step.events.length > 0) wake?.();
    },
    nextEvent() {
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
    rideAlong() {
      sent = nextOrdinal - 1;
      return { run: { tenant, project, runId, rootRunId, agentDigest }, events: outbox };
    },
    acknowledge({ acknowledged }) {
      outbox = outbox.filter(({ ordinal }) => ordinal > acknowledged);
    },
    keepEvidence(approvalId, signed) {
      evidence[approvalId] = signed;
    },
    evidenceFor(approvalId) {
      const signed = evidence[approvalId];
      return signed ? [signed] : [];
    },
    carry: () => ({ state, nextOrdinal, evidence }),
  };
};
