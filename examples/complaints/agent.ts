// A desk that lets others do the work: one agent finds out what has happened, another pays money back. Each does it in a
// run of its own; only the paying asks people.
import { defineAgent } from '../../src/adapters/agents/define-agent.ts';
import type { AgentsExport } from '../../src/adapters/agents/load-agents.ts';
import { subAgent } from '../../src/adapters/tools/built-in/sub-agent.ts';
import { refundsPolicy } from '../refunds/policy.ts';
import { findOrderTool, refundTool } from '../refunds/tools.ts';
import { cashierScript, deskScript, finderScript } from './scripts.ts';

export const agents: AgentsExport = ({ model }) => {
  const finder = defineAgent({
    name: 'finder',
    model: model ?? 'scripted/finder',
    instructions: 'Find out what became of the order that you are asked about. Say it in one sentence.',
    tools: [findOrderTool()],
    policy: refundsPolicy,
    scripts: { finder: finderScript },
  });
  const cashier = defineAgent({
    name: 'cashier',
    model: model ?? 'scripted/cashier',
    instructions: 'Pay back what you are asked to. Say what you have paid, or why you could not.',
    tools: [refundTool()],
    policy: refundsPolicy,
    scripts: { cashier: cashierScript },
  });
  return [
    defineAgent({
      name: 'complaints',
      description: 'Settles complaints: finds out what happened, and has money paid back.',
      model: model ?? 'scripted/desk',
      instructions:
        'Have the finder look into each order, then the cashier pay back what is owed. Then say what was done.',
      tools: [
        subAgent({ agent: finder, description: 'Finds out what became of an order. Name the order.' }),
        subAgent({ agent: cashier, description: 'Pays money back. Name the order, the amount and the reason.' }),
      ],
      // Calling them moves nothing: what they do is asked for where they do it.
      policy: ['finder', 'cashier'].map((name) => ({ id: `call-${name}`, match: name, effect: 'allow' as const })),
      limits: { maxTurns: 10, maxDepth: 1, maxSubRuns: 5 },
      scripts: { desk: deskScript },
    }),
  ];
};
