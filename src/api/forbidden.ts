import { rolesWith } from '../domain/authorise.ts';
import type { Action } from '../domain/authorise.ts';
import { HttpProblem } from './http-problem.ts';

/** Says what was lacking, and who has it. */
export const forbidden = (action: Action): HttpProblem =>
  new HttpProblem('forbidden', {
    detail: `None of the roles of this credential includes ${action}; these do: ${rolesWith(action).join(', ')}.`,
  });
