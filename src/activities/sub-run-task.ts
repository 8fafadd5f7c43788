import { z } from 'zod';

/** The arguments of every tool of role `agent`. */
const Task = z.strictObject({ input: z.string() });

/** What the agent is asked to do; undefined where these are no such arguments. */
export const taskIn = (args: unknown): string | undefined => Task.safeParse(args).data?.input;
