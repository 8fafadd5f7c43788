/** The answers that routes declare. */
import type { z } from 'zod';
import { PROBLEMS, Problem } from '../contract/problem.ts';
import type { ProblemCode } from '../contract/problem.ts';

type ProblemAnswer = {
  readonly description: string;
  readonly content: { readonly 'application/problem+json': { readonly schema: typeof Problem } };
};

/** Every route that asks for a credential can answer these. */
const EVERYWHERE = ['invalid_request', 'unauthenticated', 'forbidden', 'internal_error', 'store_unavailable'] as const;

/** Problems of a route by status: their codes are listed in the description. */
export function problems(...codes: readonly ProblemCode[]): Record<number, ProblemAnswer> {
  const byStatus = Object.groupBy([...EVERYWHERE, ...codes], (code) => PROBLEMS[code].status);
  const answers = Object.entries(byStatus).map(([status, of]): [string, ProblemAnswer] => [
    status,
    {
      description: of.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; '),
      content: { 'application/problem+json': { schema: Problem } },
    },
  ]);
  return Object.fromEntries(answers);
}

/** A JSON answer. */
export const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
});
