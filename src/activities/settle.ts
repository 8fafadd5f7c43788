/** Writes a tool's outcome into the ledger: tried until it is written, since the effect has happened. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ToolStepResult } from '../domain/schemas/step.ts';
import { isStoreUnavailable } from '../store/database.ts';
import { settleEffect } from '../store/effects.ts';
import type { StepDependencies } from './dependencies.ts';
import type { Executed } from './execute-tool.ts';

export interface Attempt {
  readonly tenant: string;
  readonly effectKey: string;
  readonly epoch: number;
  readonly nonce: string;
}

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 2_000;

export const settle = async (
  { store, clock, logger }: StepDependencies,
  attempt: Attempt,
  { outcome, blob }: Executed,
): Promise<ToolStepResult> => {
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
    try {
      const settled = await settleEffect(store, { ...attempt, outcome, blobs: [blob], nowMs: await clock.nowMs() });
      // Another attempt took over and settled first: its outcome is the one that counts.
      if (settled.state === 'late') return settled.result ?? { type: 'outcome_unknown' };
      return outcome;
    } catch (error) {
      if (!isStoreUnavailable(error)) throw error;
      logger.warn({ effectKey: attempt.effectKey, delayMs }, 'effect.settle_delayed');
      await delay(delayMs);
    }
  }
};
