/**
 * Who may ask for a step: the run's own workflow. Whoever else can reach Temporal (another workflow, an activity started
 * by hand) is refused before anything is stored, so that nobody can write into the record of a run that is not theirs.
 */
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { workflowId } from '../domain/core/ids.ts';
import { Basis } from '../domain/schemas/basis.ts';
import { BlobRef, Digest, RunId, ScopeName, ToolCallId } from '../domain/schemas/names.ts';
import type { RideAlong } from '../domain/schemas/step.ts';
import { reportForgery } from './report-refusal.ts';
import type { StepDependencies } from './dependencies.ts';
import { stepContext } from './step-context.ts';

const count = z.number().int().positive();

const Step = z.object({
  run: z.object({ tenant: ScopeName, project: ScopeName, runId: RunId, rootRunId: RunId }),
  events: z.array(
    z.object({ ordinal: count, event: z.object({ type: z.string(), at: z.number(), data: z.object({}) }) }),
  ),
  task: z.object({ startedAt: z.number().int(), historyLength: count }).optional(),
});

const Dispatch = Step.extend({
  turn: count,
  toolCallId: ToolCallId,
  dispatch: count.optional(),
  tool: z.string().max(200),
  revision: count,
  basis: Basis,
  argumentsRef: BlobRef,
  factsRef: BlobRef,
  digest: Digest,
  evidence: z.array(z.unknown()).max(1_000),
  grantId: z.string().max(200).optional(),
  retry: z.unknown().optional(),
});

const admitAs =
  (schema: z.ZodType) =>
  async (dependencies: Pick<StepDependencies, 'store' | 'clock'>, input: RideAlong): Promise<void> => {
    // What the workflow sends has this shape; what does not names no run that a refusal could be told of.
    if (!schema.safeParse(input).success)
      throw ApplicationFailure.nonRetryable('This is not what a run asks its steps for.', 'invalid_input');
    if (stepContext().caller === workflowId(input.run)) return;
    await reportForgery(dependencies, input, 'foreign_caller');
    throw ApplicationFailure.nonRetryable("Only a run's own workflow can ask for its steps.", 'foreign_caller');
  };

/** Throws for good where the step was not asked for by the run's own workflow. */
export const admitStep = admitAs(Step);
export const admitDispatch = admitAs(Dispatch);
