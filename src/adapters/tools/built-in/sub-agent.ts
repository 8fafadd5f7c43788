import { z } from 'zod';
import { calledAgent } from '../../agents/define-agent.ts';
import type { AgentSource } from '../../agents/define-agent.ts';
import { DefinitionError } from '../definition-error.ts';
import { ToolError, declarationFaults } from '../tool.ts';
import type { Tool, ToolRule } from '../tool.ts';

export interface SubAgentOptions {
  readonly agent: AgentSource;
  /** Default: the agent's name, with underscores. */
  readonly name?: string;
  /** What the model is told: what the agent is for, and what it needs to know. */
  readonly description: string;
  readonly policy?: readonly ToolRule[];
  /** How long the sub-run may take, the waiting for people included; it is cancelled then. Default 30 days. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 30 * 86_400_000;
const MAX_TIMEOUT_MS = 365 * 86_400_000;
const MAX_INPUT_CHARACTERS = 200_000;

/**
 * Lets the model hand a task to another agent, in a run of its own under this one. Its result is `{output}`, what that
 * agent said last. Calls are judged by policy as those of any tool: without a rule they ask.
 */
export const subAgent = (options: SubAgentOptions): Tool => {
  const { agent, description, policy = [], timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const name = options.name ?? agent.name.replaceAll('-', '_');
  const faults = declarationFaults({ name, description, effect: 'idempotent', timeoutMs }, MAX_TIMEOUT_MS);
  if (faults.length > 0) throw new DefinitionError(faults);
  return Object.freeze({
    name,
    source: `agent:${agent.name}`,
    description,
    input: z.strictObject({
      input: z
        .string()
        .max(MAX_INPUT_CHARACTERS)
        .refine((text) => text.trim() !== '', 'must not be blank')
        .describe('The whole task: the agent sees nothing else of this conversation'),
    }),
    // The same call starts the same sub-run, however often it is tried.
    effect: 'idempotent' as const,
    timeoutMs,
    policy,
    role: 'agent' as const,
    agent: calledAgent(agent),
    execute: () => Promise.reject(new ToolError('not_executable', 'A run of its own carries this call out.')),
  });
};
