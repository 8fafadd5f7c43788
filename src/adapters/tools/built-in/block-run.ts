import { z } from 'zod';
import type { Tool } from '../tool.ts';
import { answeredByPeople } from './answered-by-people.ts';

const MAX_REASON_LENGTH = 4_096;

/** Lets the model park its own run until a person unblocks it; their note is the result. */
export const blockRun = (): Tool =>
  answeredByPeople({
    name: 'block_run',
    description:
      'Stops this run until a person has looked at it. Use it where going on would be wrong or pointless without one. ' +
      'The result is what the person says when they let the run go on.',
    role: 'block',
    input: z.strictObject({
      reason: z
        .string()
        .max(MAX_REASON_LENGTH)
        .refine((text) => text.trim() !== '', 'must not be blank')
        .describe('Why the run cannot go on, and what a person should do'),
    }),
  });
