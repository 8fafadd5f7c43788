import { canonicalJson } from '../../src/domain/arguments/canonical-json.ts';
import { digestOf } from '../../src/domain/core/digest.ts';
import { AgentDefinition } from '../../src/domain/schemas/agent.ts';

/** An agent that refunds, as the store has it. */
export const testDefinition = (): AgentDefinition =>
  AgentDefinition.parse({
    v: 1,
    name: 'refunds',
    description: 'Refunds orders.',
    model: 'scripted/refunds',
    instructions: 'Be kind.',
    tools: [
      {
        name: 'refund',
        source: 'function',
        description: 'Pays an order back.',
        inputSchema: { type: 'object' },
        effect: 'once',
        timeoutMs: 600_000,
        definitionDigest: digestOf('refund'),
      },
    ],
    policy: [],
    policyDigest: digestOf('policy'),
    limits: {},
  });

export const agentDigestOf = (definition: AgentDefinition): string =>
  digestOf(canonicalJson(JSON.parse(JSON.stringify(definition))));
