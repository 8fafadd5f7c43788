import { z } from 'zod';
import type { Question } from '../../contract/approvals.ts';

/** The arguments of `ask_user`. */
const Asked = z.object({
  question: z.string(),
  options: z.array(z.string()).min(1).optional(),
  schema: z.record(z.string(), z.unknown()).optional(),
});

/** The question in the arguments of a call; undefined where they are erased or are none. */
export function questionIn(args: unknown): Question | undefined {
  const { question, options, schema } = Asked.safeParse(args).data ?? {};
  if (question === undefined) return undefined;
  return { question, ...(options && { options }), ...(schema && { schema }) };
}
