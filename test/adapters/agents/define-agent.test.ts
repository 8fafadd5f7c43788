import { expect, test } from 'vitest';
import { z } from 'zod';
import { agentDefinition, agentDigest, defineAgent } from '../../../src/adapters/agents/define-agent.ts';
import type { AgentOptions } from '../../../src/adapters/agents/define-agent.ts';
import { DefinitionError } from '../../../src/adapters/tools/definition-error.ts';
import { toolDefinition } from '../../../src/adapters/tools/tool-definition.ts';
import { defineTool } from '../../../src/adapters/tools/tool.ts';
import type { ToolRule } from '../../../src/adapters/tools/tool.ts';
import { policyDigest } from '../../../src/domain/policy/compile.ts';
import { AgentDefinition } from '../../../src/domain/schemas/agent.ts';

const tool = (name: string, policy: readonly ToolRule[] = []) =>
  defineTool({ name, description: 'd', input: z.strictObject({}), policy, execute: async () => null });

const options = (overrides: Partial<AgentOptions> = {}): AgentOptions => ({
  name: 'support',
  model: 'openai/gpt-5.1',
  instructions: 'Help.',
  tools: [tool('refund', [{ id: 'careful', effect: 'ask', decideWithin: '1h' }]), tool('lookup')],
  policy: [{ id: 'look', match: 'lookup', effect: 'allow' }],
  ...overrides,
});

test('the definition pins model, tools and policy layers, deployment first', () => {
  const source = defineAgent(options());
  const definition = agentDefinition(source, [{ id: 'no-deletes', match: 'delete_*', effect: 'deny' }]);
  expect(AgentDefinition.parse(definition)).toEqual(definition);
  expect(definition).toMatchObject({ v: 1, name: 'support', limits: { maxTurns: 100 }, contract: { artifacts: [] } });
  expect(definition.tools).toEqual(source.tools.map(toolDefinition));
  expect(definition.policy).toEqual([
    { name: 'deployment', rules: [{ id: 'no-deletes', match: 'delete_*', effect: 'deny' }] },
    { name: 'agent', rules: [{ id: 'look', match: 'lookup', effect: 'allow' }] },
    { name: 'tool', rules: [{ id: 'careful', match: 'refund', effect: 'ask', decideWithinMs: 3_600_000 }] },
  ]);
  expect(definition.policyDigest).toBe(policyDigest(definition.policy as never));
});

test('the digest is the same for the same agent, and another for any change', () => {
  const digest = (overrides: Partial<AgentOptions> = {}, deployment: Parameters<typeof agentDefinition>[1] = []) =>
    agentDigest(agentDefinition(defineAgent(options(overrides)), deployment));
  expect(digest()).toBe(digest());
  const others = [
    digest({ model: 'openai/gpt-5.2' }),
    digest({ instructions: 'Help!' }),
    digest({ tools: [tool('refund')] }),
    digest({ policy: [] }),
    digest({ limits: { maxTurns: 5 } }),
    digest({ parameters: { temperature: 0 } }),
    digest({ contract: { artifacts: [{ path: 'a' }] } }),
    digest({}, [{ id: 'x', match: '*', effect: 'ask' }]),
  ];
  expect(new Set([digest(), ...others]).size).toBe(9);
});

test.each<[string, Partial<AgentOptions>, string]>([
  ['a name', { name: 'Not A Name' }, 'agents.Not A Name.name'],
  ['a model without provider', { model: 'gpt' }, 'agents.support.model'],
  ['two tools of one name', { tools: [tool('a'), tool('a')] }, 'agents.support.tools: two tools are called a'],
  ['a condition', { policy: [{ id: 'x', match: '*', effect: 'ask', when: 'args.(' }] }, '/0/rules/0/when'],
  ['a parameter', { parameters: { temperatur: 1 } as never }, 'agents.support.parameters'],
  ['a limit', { limits: { maxTurns: 0 } }, 'agents.support.limits.maxTurns'],
])('%s that is wrong is refused with its path', (_name, overrides, fault) => {
  expect(() => defineAgent(options(overrides))).toThrow(DefinitionError);
  expect(() => defineAgent(options(overrides))).toThrow(fault);
});
