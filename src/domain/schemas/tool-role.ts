import { z } from 'zod';

/** Tools of our own: asking a person, blocking the run, and having another agent do something in a run of its own. */
export const ToolRole = z.enum(['question', 'block', 'agent']);
export type ToolRole = z.infer<typeof ToolRole>;
