/**
 * What the ledger has of a call that may not run now: its consent may have run out, its policy or its tool may have changed
 * since an attempt that was lost. Its outcome is what counts then, and where there is none, nobody guesses.
 */
import { randomUUID } from 'node:crypto';
import { effectKey } from '../domain/core/ids.ts';
import type { RunToolInput, RunToolOutput } from '../domain/schemas/step.ts';
import { reserveWorkflowEffect } from '../store/append-again.ts';
import { readEffect } from '../store/read-effect.ts';
import type { StepDependencies } from './dependencies.ts';
import { finalIfRefused, rideAlong } from './ride-along.ts';

/** Undefined where nothing was attempted, or where an operator must hear why the retry they ordered is refused. */
export const earlierAttempt = async (
  { store, clock }: StepDependencies,
  input: RunToolInput,
): Promise<RunToolOutput | undefined> => {
  const { tenant, project, runId } = input.run;
  const key = effectKey(runId, input.toolCallId, input.revision);
  const known = await readEffect(store, tenant, key);
  if (!known || (known.settledAt === null && input.retry)) return undefined;
  const { acknowledged, reservation } = await finalIfRefused(
    reserveWorkflowEffect(store, {
      append: rideAlong(input),
      effectKey: key,
      digest: input.digest,
      nonce: randomUUID(),
      // Asked so, the ledger takes nothing over: it says what it has.
      effect: 'once',
      nowMs: await clock.nowMs(),
      project,
      agent: '',
      tool: input.tool,
      toolCallId: input.toolCallId,
    }),
  );
  switch (reservation.state) {
    case 'settled':
      return { acknowledged, result: reservation.result };
    case 'outcome_unknown':
      return { acknowledged, result: { type: 'outcome_unknown', epoch: reservation.epoch } };
    default:
      return undefined;
  }
};
