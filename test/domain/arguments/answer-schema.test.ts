import { describe, expect, test } from 'vitest';
import { answerChecker, answerSchemaFault, argumentsChecker } from '../../../src/domain/arguments/answer-schema.ts';

const nested = (levels: number): object =>
  levels === 0 ? { type: 'string' } : { type: 'array', items: nested(levels - 1) };

describe('schemas of answers', () => {
  test.each([
    ['a choice', { enum: ['yes', 'no'] }],
    [
      'an object',
      { type: 'object', properties: { day: { type: 'string' } }, required: ['day'], additionalProperties: false },
    ],
    ['alternatives', { anyOf: [{ type: 'integer', minimum: 1 }, { const: 'all' }] }],
    ['a list', { type: 'array', items: { type: 'number' }, maxItems: 5 }],
    ['as deep as may be', nested(12)],
  ])('S1.3 taken: %s', (_name, schema) => {
    expect(answerSchemaFault(schema)).toBeUndefined();
    expect(answerChecker(schema)).toBeDefined();
  });

  test.each([
    ['a pattern that backtracks', { type: 'string', pattern: '^(a+)+$' }, '/pattern'],
    ['patterns of names', { type: 'object', patternProperties: { '^(a+)+$': {} } }, '/patternProperties'],
    ['a pattern further down', { properties: { a: { items: { pattern: 'x' } } } }, '/properties/a/items/pattern'],
    ['a reference', { $ref: '#' }, '/$ref'],
    ['a loop of references', { $defs: { a: { $ref: '#/$defs/a' } } }, '/$defs'],
    ['a condition', { if: {}, then: {} }, '/if'],
    ['a negation', { not: { type: 'string' } }, '/not'],
    ['a name that is none', { frobnicate: 1 }, '/frobnicate'],
    ['too deep', nested(13), '/items'.repeat(13)],
    ['too large', { enum: ['x'.repeat(20_000)] }, ''],
    ['a type that is none', { type: 'date' }, ''],
    ['no object', 'string', ''],
    ['nothing', null, ''],
    ['a list', [], ''],
  ])('not taken: %s', (_name, schema, path) => {
    expect(answerSchemaFault(schema)?.path).toBe(path);
    expect(answerChecker(schema)).toBeUndefined();
  });

  test('an id in a foreign schema neither meets ours nor that of the next', () => {
    const schema = { type: 'object', id: 'Approval', properties: {}, additionalProperties: false };
    expect(argumentsChecker({ source: 'function', inputSchema: schema })?.safeParse({}).success).toBe(true);
    expect(argumentsChecker({ source: 'function', inputSchema: schema })?.safeParse({ a: 1 }).success).toBe(false);
  });
});

test('S1.19 patterns that an MCP server wrote are left to the gate: none can hang the bridge', () => {
  const evil = { type: 'string', pattern: '^(a+)+$', minLength: 3 };
  const inputSchema = { type: 'object', properties: { pattern: evil }, patternProperties: { '(x+)+y': {} } };
  const checker = argumentsChecker({ source: 'mcp:shop', inputSchema });
  const startedAt = performance.now();
  expect(checker?.safeParse({ pattern: `${'a'.repeat(40)}!` }).success).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(checker?.safeParse({ pattern: 'a' }).success).toBe(false);
});
