/** Tells Temporal's failures apart by what the caller can do about them. */
import { status } from '@grpc/grpc-js';
import { WorkflowNotFoundError, isGrpcServiceError } from '@temporalio/client';
import type { Delivery } from './run-gateway.ts';

const codeOf = (error: unknown): number | undefined => {
  for (let one = error; one instanceof Error; one = one.cause) if (isGrpcServiceError(one)) return one.code;
  return undefined;
};

/** Temporal cannot be reached or is overloaded: the same call may go through later. */
export const isTemporalUnavailable = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED || code === status.RESOURCE_EXHAUSTED;
};

/** No worker answered a query in time. */
export const isUnanswered = (error: unknown): boolean =>
  isTemporalUnavailable(error) || codeOf(error) === status.FAILED_PRECONDITION;

/** There is none of that name. */
export const isNotFound = (error: unknown): boolean => codeOf(error) === status.NOT_FOUND;

/** What was asked for does not go with how things are. */
export const isPreconditionFailed = (error: unknown): boolean => codeOf(error) === status.FAILED_PRECONDITION;

/** Its reason, where the server has answered and will not do it. */
export const refusalOf = (error: unknown): string | undefined => {
  const code = codeOf(error);
  const isRefusal =
    code === status.NOT_FOUND || code === status.FAILED_PRECONDITION || code === status.INVALID_ARGUMENT;
  return isRefusal && error instanceof Error ? error.message.replace(/^\d+ [A-Z_]+: /, '') : undefined;
};

/** One error class stands for two cases; only its text tells them apart. */
export const undelivered = (error: unknown): Exclude<Delivery, 'accepted'> => {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
  return error.message.includes('already completed') ? 'run_over' : 'unknown_run';
};
