import { compilePolicy } from '../../src/domain/policy/compile.ts';
import type { PolicyLayerInput } from '../../src/domain/policy/policy-schema.ts';
import { AgentDefinition } from '../../src/domain/schemas/agent.ts';
import { testDefinition } from './definition.ts';

const agentRules: PolicyLayerInput = {
  name: 'agent',
  rules: [
    { id: 'small', match: 'refund', when: 'args.amount <= 100', effect: 'allow' },
    { id: 'large', match: 'refund', when: 'args.amount > 100', effect: 'ask', approvers: { groups: ['finance'] } },
  ],
};

/** An agent that refunds by a policy of its own: up to 100 freely. */
export function cashierDefinition(): AgentDefinition {
  const compiled = compilePolicy([agentRules]);
  if (!compiled.ok) throw new Error('the policy of this test does not compile');
  return AgentDefinition.parse({
    ...testDefinition(),
    name: 'cashier',
    policy: compiled.layers,
    policyDigest: compiled.digest,
  });
}
