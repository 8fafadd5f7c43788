import { z } from 'zod';
import { DefinitionError } from '../definition-error.ts';
import { declarationFaults } from '../tool.ts';
import type { SubAgent, Tool, ToolRule } from '../tool.ts';

export interface TransferToolOptions {
  /** Default: `transfer_to_` and the agent's name, with underscores. */
  readonly name?: string;
  /** What the model is told. Default: the agent's own description. */
  readonly description?: string;
  readonly policy?: readonly ToolRule[];
}

const TIMEOUT_MS = 60_000;

export const transferTool = (agent: SubAgent, options: TransferToolOptions = {}): Tool => {
  const { name: target, description: purpose } = agent.definition;
  const { name = `transfer_to_${target.replaceAll('-', '_')}`, policy = [] } = options;
  const description = options.description ?? `Hands the conversation over to the agent ${target}. ${purpose}`.trim();
  const faults = declarationFaults({ name, description, effect: 'idempotent', timeoutMs: TIMEOUT_MS });
  if (faults.length > 0) throw new DefinitionError(faults);
  return Object.freeze({
    name,
    source: `agent:${target}`,
    description,
    input: z.strictObject({
      reason: z.string().min(1).max(2_000).describe('Why, in a sentence: it is kept, and the other agent reads it'),
    }),
    // Nothing happens but that the run is another agent's from the next turn on.
    effect: 'idempotent' as const,
    timeoutMs: TIMEOUT_MS,
    policy,
    role: 'transfer' as const,
    agent,
    execute: () => Promise.resolve({ agent: target }),
  });
};
