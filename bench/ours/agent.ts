/** An agent whose model and tool answer at once: what remains is the cost of Countersign itself. */
import { z } from 'zod';
import type { AgentSource } from '../../src/adapters/agents/define-agent.ts';
import { defineAgent } from '../../src/adapters/agents/define-agent.ts';
import { defineTool } from '../../src/adapters/tools/tool.ts';
import { asksFor, says, scriptedModel } from '../../src/testing/scripted-model.ts';
import type { ToolEntries } from '../tool-entries.ts';

export const AGENT = 'bench';

/** Its input is the number of turns; each asks for one approval. */
export const benchAgent = (entries: ToolEntries): AgentSource => {
  const act = defineTool({
    name: 'act',
    description: 'Notes when it was entered.',
    input: z.strictObject({ step: z.int() }),
    execute: async ({ step }, { runId }) => {
      entries.note(runId);
      return { step };
    },
  });
  const model = scriptedModel(({ messages }) => {
    const turns = Number(messages[0]?.text);
    const step = messages.filter(({ role }) => role === 'assistant').length + 1;
    return step > turns ? says('Done.') : asksFor('act', { step });
  });
  return defineAgent({
    name: AGENT,
    model: `scripted/${AGENT}`,
    instructions: 'Act as often as you are told.',
    tools: [act],
    policy: [{ id: 'ask', match: 'act', effect: 'ask' }],
    limits: { maxTurns: 1_000 },
    scripts: { [AGENT]: model },
  });
};
