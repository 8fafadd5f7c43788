import { expect, test } from 'vitest';
import { z } from 'zod';
import { agentDefinition, agentDigest, defineAgent } from '../../../src/adapters/agents/define-agent.ts';
import type { AgentOptions } from '../../../src/adapters/agents/define-agent.ts';
import { DefinitionError } from '../../../src/adapters/tools/definition-error.ts';
import { subAgent } from '../../../src/adapters/tools/built-in/sub-agent.ts';
import { askUser } from '../../../src/adapters/tools/built-in/ask-user.ts';
import { toolDefinition } from '../../../src/adapters/tools/tool-definition.ts';
import { defineTool } from '../../../src/adapters/tools/tool.ts';
import type { ToolRule } from '../../../src/adapters/tools/tool.ts';
import { policyDigest } from '../../../src/domain/policy/compile.ts';
import { AgentDefinition } from '../../../src/domain/schemas/agent.ts';

const tool = (name: string, policy: readonly ToolRule[] = [], compensation?: string) =>
  defineTool({
    name,
    description: 'd',
    input: z.strictObject({}),
    policy,
    ...(compensation !== undefined && { compensation }),
    execute: async () => null,
  });

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
  [
    'a compensation that the agent has not',
    { tools: [tool('refund', [], 'charge')] },
    'agents.support.tools.refund.compensation: the agent has no tool charge',
  ],
  ['a compensation of itself', { tools: [tool('refund', [], 'refund')] }, 'a tool cannot undo itself'],
  ['a compensation by a person', { tools: [tool('refund', [], 'ask_user'), askUser()] }, 'ask_user undoes nothing'],
  [
    'an approver rule that nobody can satisfy',
    { policy: [{ id: 'x', match: '*', effect: 'ask', approvers: { users: ['anna'], approvals: 2 } }] },
    'agents.support.policy: /0/rules/0/approvers',
  ],
  ['a parameter', { parameters: { temperatur: 1 } as never }, 'agents.support.parameters'],
  ['a limit', { limits: { maxTurns: 0 } }, 'agents.support.limits.maxTurns'],
])('%s that is wrong is refused with its path', (_name, overrides, fault) => {
  expect(() => defineAgent(options(overrides))).toThrow(DefinitionError);
  expect(() => defineAgent(options(overrides))).toThrow(fault);
});

test('a tool names the one that undoes it, outside the digest that consent binds to', () => {
  const undone = agentDefinition(
    defineAgent(options({ tools: [tool('refund', [], 'charge'), tool('charge'), tool('lookup')] })),
    [],
  );
  expect(undone.tools[0]).toMatchObject({ name: 'refund', compensation: 'charge' });
  expect(undone.tools[0]?.definitionDigest).toBe(toolDefinition(tool('refund')).definitionDigest);
});

const faultsOf = (define: () => unknown): readonly string[] => {
  try {
    define();
    return [];
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    return error.faults;
  }
};
const classicAgent = (overrides: Partial<AgentOptions>): AgentOptions => ({
  name: 'quick',
  model: 'openai/gpt-5.1',
  instructions: 'Help.',
  execution: 'classic',
  ...overrides,
});
const NOBODY = 'and an agent of classic execution has nobody to wait for';
const allow = { id: 'all', match: '*', effect: 'allow' } as const;
const ask = { id: 'careful', match: '*', effect: 'ask' } as const;

test('S3.1 durable is what an agent is that says nothing: its digest stays', () => {
  const digest = (overrides: Partial<AgentOptions>) =>
    agentDigest(agentDefinition(defineAgent(options(overrides)), []));
  expect(digest({ execution: 'durable' })).toBe(digest({}));
  const definition = agentDefinition(defineAgent(classicAgent({})), []);
  expect(definition).toMatchObject({ execution: 'classic', limits: { requestTimeoutMs: 240_000 } });
  expect(AgentDefinition.parse(definition)).toEqual(definition);
});

test.each<[string, Partial<AgentOptions>, readonly string[]]>([
  [
    'a tool that waits for people',
    { tools: [askUser()] },
    [`agents.quick.tools.ask_user: waits for a person, ${NOBODY}`],
  ],
  [
    'a tool that is another agent',
    { tools: [subAgent({ agent: defineAgent(options({ name: 'helper' })), description: 'Helps.' })], policy: [allow] },
    [`agents.quick.tools.helper: waits for another agent, ${NOBODY}`],
  ],
  [
    'a rule of the tool that always asks',
    { tools: [tool('refund', [{ id: 'careful', effect: 'ask' }]), tool('lookup')], policy: [allow] },
    [`agents.quick.tools.refund: policy asks for each of its calls, ${NOBODY}`],
  ],
  [
    'a rule of the agent that always asks',
    { tools: [tool('refund')], policy: [allow, ask] },
    [`agents.quick.tools.refund: policy asks for each of its calls, ${NOBODY}`],
  ],
  [
    'a rule that asks for some calls',
    { tools: [tool('refund')], policy: [allow, { ...ask, when: 'size(args) > 0' }] },
    [],
  ],
  ['a rule that denies', { tools: [tool('refund')], policy: [{ ...ask, effect: 'deny' }] }, []],
  ['no rule yet: the deployment may allow it', { tools: [tool('refund')] }, []],
  [
    'what people may allow beforehand',
    {
      tools: [tool('refund')],
      policy: [{ ...ask, grantable: { scopes: ['agent'], maxTtl: '1h', maxUses: 5 } }],
    },
    [],
  ],
  ['another mode', { execution: 'eager' as 'classic' }, ['agents.quick.execution: must be durable or classic']],
  [
    'a time for the request where none waits',
    { execution: 'durable', limits: { requestTimeoutMs: 1_000 } },
    ['agents.quick.limits.requestTimeoutMs: only runs of classic execution have a request that waits for them'],
  ],
])('S3.1 classic execution and %s', (_what, overrides, faults) => {
  expect(faultsOf(() => defineAgent(classicAgent(overrides)))).toEqual(faults);
});

test('S3.1 once the deployment is known, a tool that nothing allows is a fault, too', () => {
  const source = defineAgent(classicAgent({ tools: [tool('lookup')] }));
  expect(faultsOf(() => agentDefinition(source, []))).toEqual([
    `agents.quick.tools.lookup: policy asks for each of its calls, ${NOBODY}`,
  ]);
  expect(faultsOf(() => agentDefinition(source, [{ ...allow, match: 'look*' }]))).toEqual([]);
  expect(faultsOf(() => agentDefinition(source, [ask]))).toHaveLength(1);
  const discovered = toolDefinition(tool('github_close'));
  expect(faultsOf(() => agentDefinition(source, [{ ...allow, match: 'look*' }], {}, [discovered]))).toEqual([
    `agents.quick.tools.github_close: policy asks for each of its calls, ${NOBODY}`,
  ]);
});
