import { z } from 'zod';
import { Execution, PromptVariable, RunLimits } from '../domain/schemas/agent.ts';
import { AgentName, Digest } from '../domain/schemas/names.ts';

/** An agent that runs can be started of, as it is now. Runs keep the definition they were started with. */
export const Agent = z
  .object({
    name: AgentName,
    description: z.string(),
    digest: Digest.meta({ description: 'Of the whole definition' }),
    execution: Execution.meta({ description: 'What drives its runs' }),
    model: z.string().meta({ example: 'openai/gpt-5' }),
    fallbackModels: z
      .array(z.string())
      .meta({ description: 'Asked in this order once the one before has failed for good' }),
    variables: z
      .record(z.string(), PromptVariable)
      .meta({ description: 'What a start gives values to; without a default, it must' }),
    tools: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        effect: z.enum(['none', 'idempotent', 'once']),
        timeoutMs: z.number().int().positive(),
      }),
    ),
    limits: RunLimits.meta({ description: 'Named limits of a run (docs/reference/run-limits.md)' }),
    artifacts: z.array(z.string()).meta({ description: 'Files that must exist before a run may complete' }),
  })
  .meta({ id: 'Agent' });
export type Agent = z.infer<typeof Agent>;

export const AgentList = z.object({ data: z.array(Agent) }).meta({ id: 'AgentList' });
