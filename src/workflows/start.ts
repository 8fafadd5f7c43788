/** Reads the start command. Its signature is checked by the steps, which act; a forged one gets no further than them. */
import { ApplicationFailure } from '@temporalio/workflow';
import { parseWorkflowId, workflowId } from '../domain/core/ids.ts';
import type { SignedCommand, StartCommand } from '../domain/schemas/command.ts';
import { beginningOf } from './beginning.ts';
import type { RunBeginning } from './beginning.ts';

const refuse = (message: string): never => {
  throw ApplicationFailure.nonRetryable(message, 'invalid_start');
};

const read = (signed: SignedCommand): StartCommand => {
  try {
    return JSON.parse(signed.bytes) as StartCommand;
  } catch {
    return refuse('The start command is not JSON. Start runs through the bridge.');
  }
};

export const startOf = (signed: SignedCommand, id: string): RunBeginning => {
  const start = read(signed);
  if (start?.type !== 'start' || !parseWorkflowId(id) || workflowId(start) !== id)
    return refuse('The start command names another workflow. Start runs through the bridge.');
  return beginningOf(start);
};
