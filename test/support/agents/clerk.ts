/**
 * The same agents as two deployments have them: version B says other things to its model, does other things in a tool of
 * the same declaration, and declares another one anew.
 */
import { appendFile } from 'node:fs/promises';
import { z } from 'zod';
import { defineAgent } from '../../../src/adapters/agents/define-agent.ts';
import type { AgentSource } from '../../../src/adapters/agents/define-agent.ts';
import { asksFor, says, scriptedModel } from '../../../src/adapters/models/scripted-model.ts';
import { defineTool } from '../../../src/adapters/tools/tool.ts';

/** What a tool does, where a test can see it: a line in the file that the run's input names. */
export interface ClerkEffect {
  readonly tool: string;
  readonly version: string;
  readonly effectKey: string;
}

export function clerks(version: 'A' | 'B'): readonly AgentSource[] {
  const tool = (name: string, description: string) =>
    defineTool({
      name,
      description,
      input: z.strictObject({ file: z.string() }),
      effect: 'idempotent',
      async execute({ file }, { effectKey }) {
        const effect: ClerkEffect = { tool: name, version, effectKey };
        await appendFile(file, `${JSON.stringify(effect)}\n`);
        return { ok: true };
      },
    });
  const clerk = (uses: ReturnType<typeof tool>): AgentSource =>
    defineAgent({
      name: `clerk-${uses.name}`,
      instructions: `You are the clerk of version ${version}.`,
      tools: [uses],
      policy: [{ id: 'ask', match: '*', effect: 'ask' }],
      model: `scripted/${uses.name}`,
      scripts: {
        [uses.name]: scriptedModel([
          ({ messages }) => asksFor(uses.name, { file: messages.find(({ role }) => role === 'user')?.text ?? '' }),
          ({ instructions }) => says(`${instructions.split('\n')[0]} Answered by ${version}.`),
        ]),
      },
    });
  return [
    clerk(tool('pay', 'Pays.')),
    clerk(tool('wire', 'Wires.')),
    // Declared anew: consent to the one says nothing of the other.
    clerk(tool('post', version === 'A' ? 'Posts.' : 'Posts, and tells everybody.')),
  ];
}
