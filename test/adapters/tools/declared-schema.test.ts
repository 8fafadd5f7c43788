// S3.1: tools of authors whose schemas are JSON Schema already, and tools that say what they return.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { agentDefinition, defineAgent } from '../../../src/adapters/agents/define-agent.ts';
import { validateArguments } from '../../../src/domain/arguments/validate-arguments.ts';
import { toolDefinition } from '../../../src/adapters/tools/tool-definition.ts';
import { defineTool } from '../../../src/adapters/tools/tool.ts';
import type { JsonSchema } from '../../../src/adapters/tools/declared-schema.ts';
import { callTool } from './call-tool.ts';

const order = {
  type: 'object',
  properties: {
    order: { type: 'string', pattern: '^A-' },
    cents: { type: 'integer', minimum: 1, default: 100 },
    lines: { type: 'array', items: { type: 'object', properties: {}, additionalProperties: false } },
  },
  required: ['order'],
  additionalProperties: false,
} as const;

const refund = (overrides: { input?: JsonSchema; output?: z.ZodType | JsonSchema; result?: unknown } = {}) =>
  defineTool({
    name: 'refund',
    description: 'Gives money back',
    input: overrides.input ?? order,
    ...(overrides.output && { output: overrides.output }),
    execute: async () => (overrides.result ?? null) as never,
  });

test('S3.1 JSON Schema is what models see as it was written, and checks the arguments', () => {
  const tool = refund({ input: { $schema: 'http://json-schema.org/draft-07/schema#', ...order } });
  expect(toolDefinition(tool).inputSchema).toEqual(order);
  expect(validateArguments(tool.input, { order: 'A-1' })).toMatchObject({ ok: true, value: { cents: 100 } });
  for (const wrong of [{}, { order: 'B-1' }, { order: 'A-1', cents: 0.5 }, { order: 'A-1', more: 1 }])
    expect(validateArguments(tool.input, wrong)).toMatchObject({ ok: false });
});

test.each([
  ['open at the top', { type: 'object', properties: {} }, 'tools.refund.input: accepts unknown keys'],
  [
    'open further down',
    { ...order, properties: { to: { type: 'object', properties: {} } } },
    'tools.refund.input/to: accepts unknown keys: say additionalProperties: false',
  ],
  [
    'beyond what can be checked',
    { ...order, if: { properties: {} }, then: {} },
    'tools.refund.input: is no JSON Schema that can be checked',
  ],
] as const)('S3.1 JSON Schema that is %s is refused with its path', (_name, input: JsonSchema, fault) => {
  expect(() => refund({ input })).toThrow(fault);
});

const paid = z.strictObject({ paid: z.number() });
const paidAsJson = {
  type: 'object',
  properties: { paid: { type: 'number' } },
  required: ['paid'],
  additionalProperties: false,
} as const;

test.each([
  ['zod', paid],
  ['JSON Schema', paidAsJson],
] as const)(
  'S3.1 what a tool returns is checked by its output schema (%s), quoting nothing of it',
  async (_name, output) => {
    await expect(callTool(refund({ output, result: { paid: 5 } }), { order: 'A-1' })).resolves.toEqual({ paid: 5 });
    await expect(callTool(refund({ output, result: { paid: 'secret' } }), { order: 'A-1' })).rejects.toMatchObject({
      code: 'invalid_output',
      message: 'The tool ran, but its result is not what it declares, at /paid.',
    });
  },
);

test('S3.1 a tool says how its calls may be answered: they ask, whatever the agent allows', () => {
  const tool = defineTool({
    name: 'Refund',
    description: 'Gives money back',
    input: order,
    allowedDecisions: ['approve', 'reject'],
    execute: async () => null,
  });
  const allow = { id: 'all', match: '*', effect: 'allow' } as const;
  const source = defineAgent({
    name: 'shop',
    model: 'scripted/shop',
    instructions: '',
    tools: [tool],
    policy: [allow],
  });
  const { policy } = agentDefinition(source, []);
  expect(policy.at(-1)).toMatchObject({
    name: 'tool',
    rules: [{ id: 'decisions-refund', match: 'Refund', effect: 'ask', allowedDecisions: ['approve', 'reject'] }],
  });
});
