/**
 * A step begins only while its run has one of its requester's slots, where the deployment limits how many runs of one may
 * be active. A step without one is tried again, as a braked one is; nothing of it is in history while it waits.
 */
import { ApplicationFailure } from '@temporalio/activity';
import type { RideAlong } from '../domain/schemas/step.ts';
import { takeSlot } from '../store/slots.ts';
import type { TakenSlot } from '../store/slots.ts';
import type { StepDependencies } from './dependencies.ts';

/** Whoever is next looks twice a second; those behind need not look as often. */
const PLACE_RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;

type Slotted = Pick<StepDependencies, 'store' | 'clock' | 'maxActiveRunsPerRequester'>;

export type HeldSlot = Exclude<TakenSlot, { state: 'waiting' }>;

/** What led here must be stored: it says whether the run is running. Undefined where there is no limit. */
export const awaitSlot = async (
  { store, clock, maxActiveRunsPerRequester: limit }: Slotted,
  { run }: RideAlong,
): Promise<HeldSlot | undefined> => {
  if (limit === undefined) return undefined;
  const { tenant, project, rootRunId, runId } = run;
  const slot = await takeSlot(store, { tenant, project, rootRunId, runId, limit, nowMs: await clock.nowMs() });
  if (slot.state !== 'waiting') return slot;
  throw ApplicationFailure.create({
    message: `The requester has ${limit} active runs; ${slot.place} must stop first.`,
    type: 'slot_busy',
    nonRetryable: false,
    // Nothing is wrong: no warning for each look.
    category: 'BENIGN',
    nextRetryDelay: Math.min(slot.place * PLACE_RETRY_MS, MAX_RETRY_MS),
  });
};

/** How long the run has waited for its slot since a decision: its time to be carried out stands still for so long. */
export const waitedSince = (slot: HeldSlot | undefined, decidedAtMs: number): number =>
  slot?.state === 'held' ? Math.max(0, slot.admittedAtMs - Math.max(slot.askedAtMs, decidedAtMs)) : 0;
