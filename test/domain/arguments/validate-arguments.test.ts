import { expect, test } from 'vitest';
import { z } from 'zod';
import { looseObjectFaults } from '../../../src/domain/arguments/strict-schema.ts';
import { MAX_ARGUMENT_FAULTS, validateArguments } from '../../../src/domain/arguments/validate-arguments.ts';

const refund = z.strictObject({
  orderId: z.string().trim().min(1),
  amountCents: z.coerce.number().int().positive(),
  currency: z.enum(['EUR', 'USD']).default('EUR'),
  notes: z.array(z.strictObject({ text: z.string() })).optional(),
});

test('defaults are filled, coercions applied, and the canonical text says exactly the value', () => {
  const result = validateArguments(refund, { orderId: ' A1 ', amountCents: '250' });
  expect(result).toEqual({
    ok: true,
    value: { orderId: 'A1', amountCents: 250, currency: 'EUR' },
    canonical: '{"amountCents":250,"currency":"EUR","orderId":"A1"}',
  });
});

test('the value is frozen through and through, and not what the schema returned', () => {
  const kept: unknown[] = [];
  const schema = z.strictObject({ list: z.array(z.strictObject({ a: z.number() })) }).transform((value) => {
    kept.push(value);
    return value;
  });
  const result = validateArguments(schema, { list: [{ a: 1 }] });
  if (!result.ok) throw new Error('expected valid arguments');
  const value = result.value as { list: { a: number }[] };
  expect(kept).not.toContain(value);
  expect(() => value.list.push({ a: 2 })).toThrow(TypeError);
  expect(() => {
    if (value.list[0] !== undefined) value.list[0].a = 2;
  }).toThrow(TypeError);
});

test('each fault has its own place', () => {
  const result = validateArguments(refund, {
    orderId: '',
    amountCents: 1.5,
    extra: 1,
    notes: [{ text: 'x', 'a/b': 2 }],
  });
  expect(result.ok || result.faults.map((fault) => `${fault.code} ${fault.path}`)).toEqual([
    'invalid_arguments /orderId',
    'invalid_arguments /amountCents',
    'invalid_arguments /notes/0/a~1b',
    'invalid_arguments /extra',
  ]);
});

test('faults are bounded', () => {
  const keys = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, 1]));
  const result = validateArguments(z.strictObject({}), keys);
  expect(result.ok || result.faults.length).toBe(MAX_ARGUMENT_FAULTS);
});

test.each<[string, z.ZodType, unknown]>([
  ['schema_not_idempotent', z.strictObject({ a: z.string().transform((text) => `${text}!`) }), { a: 'x' }],
  ['schema_not_idempotent', z.strictObject({ a: z.string().transform(Number) }), { a: '1' }],
  [
    'schema_result_not_json',
    z.strictObject({ a: z.string().transform((text) => new Date(text)) }),
    { a: '2026-01-01' },
  ],
  ['schema_result_not_json', z.strictObject({ a: z.number().transform((number) => number / 0) }), { a: 1 }],
  ['schema_failed', z.strictObject({ a: z.string().refine(async () => true) }), { a: 'x' }],
  ['schema_failed', z.any().transform(() => { throw new Error('secret'); }), { a: 'x' }], // prettier-ignore
  ['invalid_arguments', z.any(), { a: undefined }],
])('%s', (code, schema, value) => {
  const result = validateArguments(schema, value as never);
  expect(result.ok || result.faults.map((fault) => fault.code)).toEqual([code]);
  expect(JSON.stringify(result)).not.toContain('secret');
});

test('a schema that lets unknown keys pass anywhere is a definition fault', () => {
  interface Tree {
    children: Tree[];
  }
  const tree: z.ZodType<Tree> = z.lazy(() => z.object({ children: z.array(tree) }));
  const schema = z.strictObject({
    ok: z.record(z.string(), z.number()),
    typed: z.object({}).catchall(z.string()),
    inner: z.object({ a: z.string() }).optional(),
    items: z.array(z.union([z.string(), z.looseObject({})])),
    piped: z.preprocess((value) => value, z.object({})),
    tree,
    pair: z.tuple([z.object({})]),
    both: z.intersection(z.strictObject({}), z.object({ b: z.string() })).optional(),
  });
  expect(looseObjectFaults(schema).map((fault) => fault.path)).toEqual([
    '/inner',
    '/items/*',
    '/piped',
    '/tree',
    '/pair/0',
    '/both',
  ]);
  expect(looseObjectFaults(refund)).toEqual([]);
});
