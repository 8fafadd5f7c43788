/** Writes a tool's outcome into the ledger: tried until it is written, since the effect has happened. */
import type { RunToolInput, ToolStepResult } from '../domain/schemas/step.ts';
import { settleEffect } from '../store/effects.ts';
import { appendEvents } from '../store/events.ts';
import type { StepDependencies } from './dependencies.ts';
import type { Executed } from './execute-tool.ts';
import { sendRecheck } from './recheck.ts';
import { stepContext } from './step-context.ts';
import { untilStored } from './until-stored.ts';

export interface Attempt {
  readonly tenant: string;
  readonly effectKey: string;
  readonly epoch: number;
  readonly nonce: string;
}

/** An operator has said meanwhile how the call goes on: that stands, and what the tool did is told. */
const recordLate = async (
  { store, clock, logger }: StepDependencies,
  input: RunToolInput,
  { effectKey, epoch, nonce }: Attempt,
  { outcome }: Executed,
): Promise<void> => {
  const { tenant, project, rootRunId, runId } = input.run;
  const { toolCallId, tool } = input;
  const data = { toolCallId, tool, effectKey, epoch, outcome: outcome.type };
  const origin = `late:${effectKey}:${nonce}`;
  await untilStored(
    async () => {
      const event = { type: 'effect.late', at: await clock.nowMs(), data } as const;
      await appendEvents(store, { tenant, project, rootRunId, runId, origin, events: [{ ordinal: 1, event }] });
    },
    (delayMs) => logger.warn({ effectKey, delayMs }, 'effect.late_delayed'),
  );
};

export const settle = async (
  dependencies: StepDependencies,
  input: RunToolInput,
  attempt: Attempt,
  executed: Executed,
): Promise<ToolStepResult> => {
  const { store, clock, logger } = dependencies;
  const { outcome, blob, attached } = executed;
  const settled = await untilStored(
    async () => settleEffect(store, { ...attempt, outcome, blobs: [blob, ...attached], nowMs: await clock.nowMs() }),
    (delayMs) => logger.warn({ effectKey: attempt.effectKey, delayMs }, 'effect.settle_delayed'),
  );
  if (settled.state === 'settled') {
    // It was given up meanwhile. A workflow is parked over it and can go on now; a run that was driven in a process has
    // ended with that process: what the tool did is told.
    if (settled.wasUnknown && stepContext().isInProcess) await recordLate(dependencies, input, attempt, executed);
    else if (settled.wasUnknown) await sendRecheck(dependencies, input);
    return outcome;
  }
  if (settled.resolved) await recordLate(dependencies, input, attempt, executed);
  // Another attempt took over and settled first: its outcome is the one that counts.
  return settled.result ?? { type: 'outcome_unknown', epoch: attempt.epoch };
};
