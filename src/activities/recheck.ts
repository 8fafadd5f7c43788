/** Tells a parked run that the ledger knows by now how a call ended: its workflow asks the gate once more. */
import { setTimeout as delay } from 'node:timers/promises';
import { getClient } from '@temporalio/activity';
import { workflowId } from '../domain/core/ids.ts';
import type { RunToolInput } from '../domain/schemas/step.ts';
import type { StepDependencies } from './dependencies.ts';

const ATTEMPTS = 5;
const DELAY_MS = 500;

/** An operator can still say how it goes on where the signal does not get through. */
export const sendRecheck = async (
  { logger }: StepDependencies,
  { run, toolCallId }: Pick<RunToolInput, 'run' | 'toolCallId'>,
): Promise<void> => {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      await getClient().workflow.getHandle(workflowId(run)).signal('recheck', toolCallId);
      return;
    } catch (error) {
      logger.warn({ runId: run.runId, toolCallId, attempt, err: error }, 'effect.recheck_failed');
      if (attempt < ATTEMPTS) await delay(DELAY_MS);
    }
  }
};
