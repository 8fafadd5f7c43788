// An agent whose policy and tool leave little room: what people make of its calls can be refused for many reasons.
import { compilePolicy } from '../../src/domain/policy/compile.ts';
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';
import { AgentDefinition } from '../../src/domain/schemas/agent.ts';
import { putDefinition } from '../../src/store/definitions.ts';
import { scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { agentDigestOf, testDefinition } from './definition.ts';

export const TREASURY = 'treasury';

const RULES: RuleInput[] = [
  { id: 'ask', match: '*', effect: 'ask' },
  { id: 'two-votes', match: 'refund', when: 'args.amount > 500', effect: 'ask', approvers: { approvals: 2 } },
  { id: 'too-much', match: 'refund', when: 'args.amount > 5000', effect: 'deny', reason: 'Nobody refunds so much.' },
];

const SCHEMA = {
  type: 'object',
  properties: { order: { type: 'integer' }, amount: { type: 'number', minimum: 0 }, note: { type: 'string' } },
  required: ['order', 'amount'],
  additionalProperties: false,
};

export async function putTreasury(world: ApiWorld): Promise<void> {
  const compiled = compilePolicy([{ name: 'agent', rules: RULES }]);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  const base = testDefinition();
  const [tool] = base.tools;
  const definition = AgentDefinition.parse({
    ...base,
    name: TREASURY,
    tools: [{ ...tool, inputSchema: SCHEMA }],
    policy: compiled.layers,
    policyDigest: compiled.digest,
  });
  await putDefinition(world.store, scope, definition, agentDigestOf(definition));
}
