/** Tells Temporal's failures apart by what the caller can do about them. */
import { WorkflowNotFoundError, isGrpcServiceError } from '@temporalio/client';
import type { Delivery } from './run-gateway.ts';

/** gRPC status codes: https://grpc.io/docs/guides/status-codes/ */
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const UNAVAILABLE = 14;

const codeOf = (error: unknown): number | undefined => {
  for (let one = error; one instanceof Error; one = one.cause) if (isGrpcServiceError(one)) return one.code;
  return undefined;
};

/** Temporal cannot be reached or is overloaded: the same call may go through later. */
export const isTemporalUnavailable = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === UNAVAILABLE || code === DEADLINE_EXCEEDED || code === RESOURCE_EXHAUSTED;
};

/** No worker answered a query in time. */
export const isUnanswered = (error: unknown): boolean =>
  isTemporalUnavailable(error) || codeOf(error) === FAILED_PRECONDITION;

/** One error class stands for two cases; only its text tells them apart. */
export const undelivered = (error: unknown): Exclude<Delivery, 'accepted'> => {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
  return error.message.includes('already completed') ? 'run_over' : 'unknown_run';
};
