/** An agent whose effects lie outside the system, in a file that only ever grows: they are counted there, not here. */
import { appendFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { defineAgent } from '../src/adapters/agents/define-agent.ts';
import type { AgentsExport } from '../src/adapters/agents/load-agents.ts';
import type { ModelRequest } from '../src/adapters/models/model-port.ts';
import { asksFor, asksForAll, says, scriptedModel } from '../src/adapters/models/scripted-model.ts';
import { defineTool } from '../src/adapters/tools/tool.ts';

/** One call: the whole of its arguments goes into the file beside the effect key, so that a changed call shows. */
export const Transfer = z.strictObject({
  file: z.string(),
  label: z.string(),
  amount: z.number(),
  /** Time before and after the effect, for kills to hit. */
  pauseMs: z.number().int().min(0).max(5_000),
});
export type Transfer = z.infer<typeof Transfer>;

/** What a run is told to do, turn by turn: calls of one turn go together. */
export const Story = z.strictObject({
  turns: z.array(z.array(Transfer.extend({ tool: z.enum(['move', 'put']) }))),
});
export type Story = z.infer<typeof Story>;

export interface EffectLine extends Transfer {
  readonly effectKey: string;
  readonly tool: string;
  readonly pid: number;
}

const outside = (name: 'move' | 'put', effect: 'once' | 'idempotent') =>
  defineTool({
    name,
    description: 'Writes a line into a file outside the system.',
    input: Transfer,
    effect,
    timeoutMs: 60_000,
    async execute(transfer, { effectKey }) {
      await delay(transfer.pauseMs);
      const line: EffectLine = { ...transfer, effectKey, tool: name, pid: process.pid };
      await appendFile(transfer.file, `${JSON.stringify(line)}\n`);
      await delay(transfer.pauseMs);
      return { moved: transfer.amount };
    },
  });

const storyOf = (request: ModelRequest): Story =>
  Story.parse(JSON.parse(request.messages.find((message) => message.role === 'user')?.text ?? ''));

/** Above this, two people must agree; an edit across it makes another revision. */
export const LARGE_AMOUNT = 500;

export const agents: AgentsExport = () => [
  defineAgent({
    name: 'mover',
    model: 'scripted/mover',
    instructions: 'Follow the story.',
    tools: [outside('move', 'once'), outside('put', 'idempotent')],
    policy: [
      { id: 'any', match: '*', effect: 'ask', decideWithin: '1h' },
      {
        id: 'large',
        match: '*',
        when: `args.amount > ${LARGE_AMOUNT}.0`,
        effect: 'ask',
        approvers: { approvals: 2 },
        risk: 'high',
      },
    ],
    limits: { maxRejections: 50 },
    scripts: {
      mover: scriptedModel((request) => {
        const index = request.messages.filter((message) => message.role === 'assistant').length;
        const calls = storyOf(request).turns[index];
        return calls ? asksForAll(calls.map(({ tool, ...transfer }) => asksFor(tool, transfer))) : says('Done.');
      }),
    },
  }),
];
