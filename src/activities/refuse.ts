/**
 * A dispatch is refused for good. What the ledger has of the call counts first: its consent may have run out, its policy or
 * its tool may have changed since an attempt that was lost. From here on no attempt of the dispatch reserves anything, not
 * even one that was proven and has been frozen since.
 */
import { effectKey } from '../domain/core/ids.ts';
import type { RunToolInput, SettledToolOutput } from '../domain/schemas/step.ts';
import { refuseToldDispatch } from '../store/append-told-events.ts';
import type { StepDependencies } from './dependencies.ts';
import type { Refused } from './refused.ts';
import { finalIfRefused, rideAlong } from './ride-along.ts';
import { stepContext } from './step-context.ts';

/** Runs that were started before dispatches had numbers go by Temporal's: the same for all attempts of a step. */
export const dispatchOf = ({ dispatch }: RunToolInput): string =>
  dispatch === undefined ? `activity:${stepContext().stepId}` : String(dispatch);

/** Answers the refusal, or what the ledger has of the call. */
export const refuse = async (
  { store, clock }: Pick<StepDependencies, 'store' | 'clock'>,
  input: RunToolInput,
  refusal: Refused,
): Promise<SettledToolOutput> => {
  const { acknowledged, refusal: known } = await finalIfRefused(
    refuseToldDispatch(store, {
      append: rideAlong(input),
      effectKey: effectKey(input.run.runId, input.toolCallId, input.revision),
      digest: input.digest,
      dispatch: dispatchOf(input),
      isRetry: input.retry !== undefined,
      nowMs: await clock.nowMs(),
    }),
  );
  switch (known.state) {
    case 'refused':
      return { acknowledged, result: refusal };
    case 'settled':
      return { acknowledged, result: known.result };
    case 'outcome_unknown':
      return { acknowledged, result: { type: 'outcome_unknown', epoch: known.epoch } };
  }
};
