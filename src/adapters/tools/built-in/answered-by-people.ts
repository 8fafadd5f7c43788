import type { z } from 'zod';
import type { Tool } from '../tool.ts';
import { ToolError } from '../tool.ts';

interface BuiltIn {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly role: NonNullable<Tool['role']>;
}

/** A day is far longer than anything here takes: the waiting is the run's, not the tool's. */
const TIMEOUT_MS = 86_400_000;

/** A tool of our own: a person's answer is its result, so there is nothing to execute. */
export const answeredByPeople = (options: BuiltIn): Tool =>
  Object.freeze({
    ...options,
    source: 'countersign',
    effect: 'none' as const,
    timeoutMs: TIMEOUT_MS,
    policy: [],
    execute: () => Promise.reject(new ToolError('not_executable', 'People answer this call; nothing executes it.')),
  });
