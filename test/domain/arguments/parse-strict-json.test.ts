import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/domain/arguments/canonical-json.ts';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import { roundTripsAsDouble } from '../../../src/domain/arguments/number-literal.ts';
import { parseStrictJson } from '../../../src/domain/arguments/parse-strict-json.ts';

const faultOf = (text: string, limits = {}): string => {
  const result = parseStrictJson(text, limits);
  return result.ok ? 'none' : `${result.fault.code} ${result.fault.path ?? ''}`.trim();
};

describe('refuses', () => {
  test.each([
    ['', 'malformed_json'],
    ['{', 'malformed_json'],
    ['{"a":1,}', 'malformed_json'],
    ['[1] 2', 'malformed_json'],
    ["{'a':1}", 'malformed_json'],
    ['NaN', 'malformed_json'],
    ['01', 'malformed_json'],
    ['"\u0001"', 'malformed_json'],
    ['"unclosed', 'malformed_json'],
    ['"unclosed\\', 'malformed_json'],
    ['\ufeff{}', 'malformed_json'],
    ['// no\n1', 'malformed_json'],
    [']]]]', 'malformed_json'],
    ['{"a":1,"a":2}', 'duplicate_key /a'],
    ['{"a":1,"a":1}', 'duplicate_key /a'],
    ['{"a":{},"a":{}}', 'duplicate_key /a'],
    ['{"a":1,"\\u0061":2}', 'duplicate_key /a'],
    ['{"x":[0,{"k":[],"k":null}]}', 'duplicate_key /x/1/k'],
    ['{"a":{"b":1},"c":2,"a":{"b":1}}', 'duplicate_key /a'],
    ['{"":1,"":2}', 'duplicate_key /'],
    ['{"__proto__":{"admin":true}}', 'prototype_key /__proto__'],
    ['[{"\\u005f_proto__":1}]', 'prototype_key /0/__proto__'],
    ['{"a":"x\\u0000"}', 'nul_character /a'],
    ['{"a":{"b\\u0000":1}}', 'nul_character /a'],
    ['["\\ud800"]', 'lone_surrogate /0'],
    ['["\ud83d"]', 'lone_surrogate /0'],
    ['{"\\udc00":1}', 'lone_surrogate'],
    ['{"id":12345678901234567890}', 'number_not_exact /id'],
    ['[1,9007199254740993]', 'number_not_exact /1'],
    ['1e400', 'number_not_exact'],
    ['-1e400', 'number_not_exact'],
    ['1e-400', 'number_not_exact'],
    ['0.1000000000000000055511151231257827', 'number_not_exact'],
    ['1e99999999999999999999', 'number_not_exact'],
  ])('%j', (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });
});

describe('reads', () => {
  test.each<[string, JsonValue]>([
    ['{"a":{"a":1},"b":[{"a":1},{"a":1}]}', { a: { a: 1 }, b: [{ a: 1 }, { a: 1 }] }],
    ['{"constructor":1,"prototype":2,"toString":3}', JSON.parse('{"constructor":1,"prototype":2,"toString":3}')],
    [' [ 0.1 , 1.0, 1e2, 1E+2, -5e-3, 100000000000000000000 ] ', [0.1, 1, 100, 100, -0.005, 1e20]],
    ['"a\\"b\\\\"', 'a"b\\'],
    ['{"a,b":":","c{":"]"}', { 'a,b': ':', 'c{': ']' }],
    ['"\\ud83d\\ude00"', '\u{1F600}'],
    ['null', null],
    ['[[],{},"",true,false]', [[], {}, '', true, false]],
    ['[0.0, 0e99999999999999999999]', [0, 0]],
  ])('%s', (text, value) => {
    expect(parseStrictJson(text)).toEqual({ ok: true, value });
  });

  test.each(['-0', '[-0.0]', '{"a":-0e5}'])('%s with its zero unsigned, as the canonical form prints it', (text) => {
    const result = parseStrictJson(text);
    expect(result.ok && canonicalJson(result.value)).not.toContain('-');
    expect(JSON.stringify(result)).toBe(JSON.stringify(result).replace('-', ''));
    if (text === '-0' && result.ok) expect(Object.is(result.value, 0)).toBe(true);
  });
});

test('depth is counted before anything recurses', () => {
  expect(faultOf('['.repeat(64) + ']'.repeat(64))).toBe('none');
  expect(faultOf('['.repeat(65) + ']'.repeat(65))).toBe('too_deep');
  expect(faultOf('{"a":'.repeat(100_000))).toBe('too_deep');
  expect(faultOf('['.repeat(100_000))).toBe('too_deep');
  expect(faultOf(`["${'['.repeat(100)}"]`)).toBe('none');
  expect(faultOf(`["\\"${'['.repeat(100)}"]`)).toBe('none');
});

test('size is counted in UTF-8 bytes', () => {
  expect(faultOf('"€€"', { maxBytes: 8 })).toBe('none');
  expect(faultOf('"€€"', { maxBytes: 7 })).toBe('too_large');
  expect(faultOf(`"${'x'.repeat(1024 * 1024)}"`)).toBe('too_large');
  expect(faultOf(`"${'x'.repeat(1024 * 1024 - 2)}"`)).toBe('none');
});

test('a fault quotes no value', () => {
  const result = parseStrictJson('{"card":12345678901234567890}');
  expect(JSON.stringify(result)).not.toContain('1234');
});

const jsonValue = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' });
const hasNoProtoKey = (value: unknown): boolean => !JSON.stringify(value).includes('__proto__');
const asJson = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value));

test('reads back whatever was printed canonically', () => {
  fc.assert(
    fc.property(jsonValue.filter(hasNoProtoKey), (value) => {
      const plain = asJson(value);
      expect(parseStrictJson(canonicalJson(plain))).toEqual({ ok: true, value: plain });
    }),
    { numRuns: 500 },
  );
});

test('agrees with JSON.parse on every text it accepts', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.json(), fc.string(), fc.string({ unit: fc.constantFrom(...'{}[]":,\\01-eu ') })),
      (text) => {
        const result = parseStrictJson(text);
        if (result.ok) expect(JSON.stringify(result.value)).toBe(JSON.stringify(JSON.parse(text)));
      },
    ),
    { numRuns: 1000 },
  );
});

test('a repeated key is refused, wherever it stands and however it is spelled', () => {
  const escaped = (key: string): string =>
    `"${[...Array(key.length).keys()].map((at) => `\\u${key.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
  const key = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__proto__' && !text.includes('\u0000'));
  fc.assert(
    fc.property(key, jsonValue.filter(hasNoProtoKey), fc.boolean(), fc.boolean(), (name, value, inArray, escape) => {
      const item = canonicalJson(asJson(value));
      const object = `{${JSON.stringify(name)}:${item},${escape ? escaped(name) : JSON.stringify(name)}:${item}}`;
      expect(faultOf(inArray ? `[0,{"in":${object}}]` : object)).toMatch(/^duplicate_key|^nul/);
    }),
    { numRuns: 500 },
  );
});

test('a double in its shortest form is exact, an integer only where it is that form', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
      expect(roundTripsAsDouble(JSON.stringify(double))).toBe(true);
      expect(roundTripsAsDouble(double.toExponential())).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }), (integer) => {
      expect(roundTripsAsDouble(integer.toString())).toBe(shortest(integer));
    }),
  );
});

/** Whether the integer is the decimal value of its double's shortest form, counted without floating point. */
function shortest(integer: bigint): boolean {
  const [mantissa = '', exponent = '0'] = String(Number(integer)).split('e+');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return BigInt(whole + fraction) * 10n ** BigInt(Number(exponent) - fraction.length) === integer;
}
