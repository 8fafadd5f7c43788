import { z } from 'zod';

/**
 * Tools of our own: asking a person, blocking the run, having another agent do something in a run of its own, and handing
 * the rest of this run to another agent.
 */
export const ToolRole = z.enum(['question', 'block', 'agent', 'transfer']);
export type ToolRole = z.infer<typeof ToolRole>;
