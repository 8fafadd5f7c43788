import { expect, test } from 'vitest';
import { z } from 'zod';
import { DefinitionError } from '../../../src/adapters/tools/definition-error.ts';
import { toolDefinition } from '../../../src/adapters/tools/tool-definition.ts';
import { defineTool } from '../../../src/adapters/tools/tool.ts';
import type { LocalToolOptions, Tool } from '../../../src/adapters/tools/tool.ts';
import { ToolDefinition } from '../../../src/domain/schemas/agent.ts';
import { canonicalJson } from '../../../src/domain/arguments/canonical-json.ts';
import { digestOf } from '../../../src/domain/core/digest.ts';
import { callTool } from './call-tool.ts';

const input = z.strictObject({ order: z.string(), cents: z.number().int().default(100) });
const refund = (overrides: Partial<LocalToolOptions<typeof input>> = {}): Tool =>
  defineTool({ name: 'refund', description: 'Gives money back', input, execute: async () => 'ok', ...overrides });

test('what is not declared is the careful choice: once, ten minutes, no rules', () => {
  expect(refund()).toMatchObject({ effect: 'once', timeoutMs: 600_000, policy: [], source: 'function' });
});

test('the definition is what models see, under a digest over all that consent is about', () => {
  const definition = toolDefinition(refund({ annotations: { destructiveHint: true } }));
  expect(ToolDefinition.parse(definition)).toEqual(definition);
  expect(definition.inputSchema).toEqual({
    type: 'object',
    properties: {
      order: { type: 'string' },
      cents: { default: 100, type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
    },
    required: ['order'],
    additionalProperties: false,
  });
  const { definitionDigest, timeoutMs: _, ...digested } = definition;
  expect(definitionDigest).toBe(digestOf(canonicalJson(JSON.parse(JSON.stringify(digested)))));
});

test('the digest changes with everything it covers, and with nothing else', () => {
  const digest = (overrides: Partial<LocalToolOptions<typeof input>> = {}) =>
    toolDefinition(refund(overrides)).definitionDigest;
  const others = [
    digest({ name: 'repay' }),
    digest({ description: 'Takes money' }),
    digest({ effect: 'none' }),
    digest({ annotations: { readOnlyHint: true } }),
    digest({ input: z.strictObject({ order: z.string(), cents: z.number().int().default(101) }) as typeof input }),
  ];
  expect(new Set([digest(), ...others]).size).toBe(6);
  expect(digest({ timeoutMs: 5 })).toBe(digest());
  expect(digest({ annotations: {} })).toBe(digest());
});

test('a tool receives validated, frozen arguments with defaults', async () => {
  let received: unknown;
  await callTool(refund({ execute: async (args) => ((received = args), null) }), { order: '17' });
  expect(received).toEqual({ order: '17', cents: 100 });
  expect(Object.isFrozen(received)).toBe(true);
});

const faultsOf = (define: () => unknown): readonly string[] => {
  try {
    define();
  } catch (error) {
    if (error instanceof DefinitionError) return error.faults;
    throw error;
  }
  return [];
};

test.each([
  ['an object that drops unknown keys', z.object({ a: z.string() }), 'tools.t.input: accepts unknown keys'],
  [
    'a loose object deep inside',
    z.strictObject({ a: z.array(z.object({})) }),
    'tools.t.input/a/*: accepts unknown keys',
  ],
  ['no object', z.string(), 'tools.t.input: must be a z.strictObject'],
  ['what JSON Schema cannot say', z.strictObject({ a: z.bigint() }), 'tools.t.input: has no JSON Schema'],
])('an input schema that is %s is refused with its path', (_name, schema: z.ZodType, fault) => {
  const faults = faultsOf(() => defineTool({ name: 't', description: 'd', input: schema, execute: async () => null }));
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain(fault);
});

test('every fault of a declaration is named at once', () => {
  const faults = faultsOf(() => refund({ name: 'no spaces', description: '', timeoutMs: 0 }));
  expect(faults.map((fault) => fault.split(':')[0])).toEqual([
    'tools.no spaces.name',
    'tools.no spaces.description',
    'tools.no spaces.timeoutMs',
  ]);
});
