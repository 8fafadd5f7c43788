// An agent whose payments are made by a worker in Python, on a task queue of its own. README.md says how to run both.
import { z } from 'zod';
import { defineAgent } from '../../src/adapters/agents/define-agent.ts';
import type { AgentsExport } from '../../src/adapters/agents/load-agents.ts';
import { defineTool } from '../../src/adapters/tools/tool.ts';
import { asksFor, says, scriptedModel } from '../../src/testing/scripted-model.ts';

const sendPayment = (taskQueue: string) =>
  defineTool({
    name: 'send_payment',
    description: 'Sends money to a supplier.',
    input: z.strictObject({ to: z.string().min(1).max(100), amount: z.number().positive() }),
    output: z.strictObject({ receipt: z.string() }),
    taskQueue,
    startWithinMs: 30_000,
    timeoutMs: 60_000,
  });

/** Without a provider: pays what it is told, in the form `120 to ACME`. */
const script = scriptedModel(({ messages }) => {
  const answer = messages.findLast((message) => message.role === 'tool');
  if (answer?.role === 'tool') return says(answer.isError ? `Not paid. ${answer.text}` : `Paid. ${answer.text}`);
  const said = messages.findLast((message) => message.role === 'user');
  const [, amount, to] = /(\d+) to (.+)/.exec(said?.role === 'user' ? said.text : '') ?? [];
  if (amount === undefined || to === undefined) return says('Say how much, and to whom.');
  return asksFor('send_payment', { to, amount: Number(amount) });
});

/** On a queue of one's own, where several systems share a Temporal. */
export const payer = (taskQueue: string) =>
  defineAgent({
    name: 'payer',
    description: 'Pays suppliers.',
    model: 'scripted/payer',
    instructions: 'Pay what you are asked to pay, and nothing else.',
    tools: [sendPayment(taskQueue)],
    policy: [{ id: 'payments', match: 'send_payment', effect: 'ask', reason: 'Money leaves the house.', risk: 'high' }],
    scripts: { payer: script },
  });

export const agents: AgentsExport = () => [payer('bank')];
