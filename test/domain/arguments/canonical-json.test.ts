import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalBytes, canonicalJson, NotJsonError } from '../../../src/domain/arguments/canonical-json.ts';
import { findJsonFault } from '../../../src/domain/arguments/json-value.ts';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';

test('prints RFC 8785: keys by UTF-16 units, shortest numbers, no spaces', () => {
  // The example of RFC 8785, section 3.2.2 and 3.2.3.
  const value: JsonValue = {
    numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\u0022/",
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
  expect(canonicalJson({ '\u{1F600}': 1, '\uFB33': 2, '\r': 3, '1': 4 })).toBe(
    '{"\\r":3,"1":4,"\u{1F600}":1,"\uFB33":2}',
  );
});

test('the order in which an object was built does not show', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (record) => {
      const reversed = Object.fromEntries(Object.entries(record).toReversed());
      expect(canonicalJson(reversed as JsonValue)).toBe(canonicalJson(record as JsonValue));
    }),
  );
});

test('bytes are the UTF-8 of the text', () => {
  expect(canonicalBytes({ a: 'é' })).toEqual(new TextEncoder().encode('{"a":"é"}'));
});

const cyclic: Record<string, unknown> = {};
cyclic['self'] = [cyclic];

describe('refuses what JSON cannot carry', () => {
  test.each<[string, unknown, string]>([
    ['undefined', undefined, ''],
    ['an undefined field', { a: { b: undefined } }, '/a/b'],
    ['NaN', [1, Number.NaN], '/1'],
    ['Infinity', { 'x/y': Number.POSITIVE_INFINITY }, '/x~1y'],
    ['a lone surrogate', ['\ud800'], '/0'],
    ['a lone surrogate in a key', { a: { '\udc00': 1 } }, '/a'],
    ['a bigint', 1n, ''],
    ['a function', { toJSON: () => 1 }, '/toJSON'],
    ['a Date', { at: new Date(0) }, '/at'],
    ['a boxed string', new String('x'), ''],
    ['a hole', [1, , 2], ''], // oxlint-disable-line no-sparse-arrays
    ['a getter', { get a() { return 1; } }, ''], // prettier-ignore
    ['a symbol key', { [Symbol('s')]: 1 }, ''],
    ['a cycle', cyclic, '/self/0'],
  ])('%s', (_name, value, path) => {
    expect(findJsonFault(value)?.path).toBe(path);
    expect(() => canonicalJson(value as JsonValue)).toThrow(NotJsonError);
  });
});

test('the same object in two places is no cycle', () => {
  const shared = { a: 1 };
  expect(canonicalJson([shared, { shared }])).toBe('[{"a":1},{"shared":{"a":1}}]');
});

test('a value nested 100,000 levels deep neither overflows nor hangs', () => {
  let value: JsonValue = 1;
  for (let level = 0; level < 100_000; level++) value = [value];
  expect(canonicalJson(value)).toHaveLength(200_001);
});
