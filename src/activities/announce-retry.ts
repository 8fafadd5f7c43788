/** A model step that is tried again says so: readers drop the text of the attempt that was lost. */
import { stepOrigin } from '../domain/core/ids.ts';
import type { CallModelInput } from '../domain/schemas/step.ts';
import { appendEvents } from '../store/events.ts';
import type { StepDependencies } from './dependencies.ts';
import { stepContext } from './step-context.ts';

/** More retries of one step than anybody waits for: numbers of attempts stay unique over the model's own attempts. */
const RETRIES_PER_ATTEMPT = 100_000;

/** Grows with every try of this turn's message, by the workflow (the provider failed) or by Temporal (a worker was lost). */
export const attemptOf = ({ attempt }: CallModelInput): number => attempt * RETRIES_PER_ATTEMPT + stepContext().attempt;

export const announceRetry = async ({ store, clock }: StepDependencies, input: CallModelInput): Promise<void> => {
  if (stepContext().attempt === 1) return;
  const { tenant, project, rootRunId, runId } = input.run;
  const at = await clock.nowMs();
  const event = { type: 'message.restarted', at, data: { turn: input.turn, code: 'step_retried' } } as const;
  const origin = stepOrigin(`model_${input.turn}`, attemptOf(input));
  await appendEvents(store, { tenant, project, rootRunId, runId, origin, events: [{ ordinal: 1, event }] });
};
