import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/domain/arguments/canonical-json.ts';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import {
  coversArguments,
  equalityConstraints,
  grantConstraintsFaults,
  MAX_CONSTRAINTS,
} from '../../../src/domain/grants/constraints.ts';

const args: JsonValue = { order: 7, amount: 50, note: { text: 'late', 'a/b~c': null }, tags: ['x'], empty: [] };
const equal = equalityConstraints(args);

test('B3 a grant starts as equality on every argument', () => {
  expect(equal).toEqual({
    '/order': { equals: 7 },
    '/amount': { equals: 50 },
    '/note/text': { equals: 'late' },
    '/note/a~1b~0c': { equals: null },
    '/tags/0': { equals: 'x' },
    '/empty': { equals: [] },
  });
  expect(equalityConstraints({})).toEqual({ '': { equals: {} } });
});

describe('what equality does not cover', () => {
  const changed = (fields: object): JsonValue => ({ ...(args as object), ...fields });
  const { order: _, ...lacking } = args as Record<string, JsonValue>;
  test.each<[string, JsonValue]>([
    ['another value', changed({ amount: 51 })],
    ['another type', changed({ amount: '50' })],
    ['an argument more', changed({ urgent: true })],
    ['an argument less', lacking],
    ['a list one longer', changed({ tags: ['x', 'y'] })],
    ['an empty list', changed({ tags: [] })],
    ['a list that was empty', changed({ empty: [1] })],
    ['a deeper value', changed({ order: { id: 7 } })],
    ['nothing', {}],
    ['null', null],
  ])('%s', (_name, given) => {
    expect(coversArguments(equal, given)).toBe(false);
  });

  test('the order of arguments makes no difference', () => {
    expect(coversArguments(equal, Object.fromEntries(Object.entries(args as object).toReversed()))).toBe(true);
  });
});

describe('widened', () => {
  test.each<[object, JsonValue, boolean]>([
    [{ '/amount': { max: 50 } }, 50, true],
    [{ '/amount': { max: 50 } }, 50.01, false],
    [{ '/amount': { max: 50 } }, '1', false],
    [{ '/amount': { max: 50 } }, null, false],
    [{ '/amount': { max: 50 } }, -1, true],
    [{ '/amount': { max: 50, min: 0 } }, -1, false],
    [{ '/amount': { max: 50, min: 0 } }, -0, true],
    [{ '/amount': { oneOf: [1, 2] } }, 2, true],
    [{ '/amount': { oneOf: [1, 2] } }, 3, false],
    [{ '/amount': { any: true } }, 'x', true],
    [{ '/amount': { any: true } }, { nested: 1 }, false],
    [{ '/amount': { any: true } }, [], true],
    [{ '': { any: true } }, 1, false],
    [{ '/amount': { any: true }, '/other': { any: true } }, 1, false],
    [{}, 1, false],
  ])('%j on amount %j: %s', (constraints, amount, covered) => {
    expect(coversArguments(constraints, { amount })).toBe(covered);
  });
});

describe('constraints that are refused', () => {
  test.each<[string, unknown, string]>([
    ['no object', [], ''],
    ['nothing named', {}, ''],
    ['no pointer', { amount: { any: true } }, '/amount'],
    ['a bad escape', { '/a~2': { any: true } }, '/~1a~02'],
    ['no form', { '/a': {} }, '/~1a'],
    ['an unknown form', { '/a': { matches: '.*' } }, '/~1a'],
    ['two forms', { '/a': { equals: 1, any: true } }, '/~1a'],
    ['any that is false', { '/a': { any: false } }, '/~1a/any'],
    ['a minimum alone', { '/a': { min: 1 } }, '/~1a'],
    ['a minimum above the maximum', { '/a': { min: 2, max: 1 } }, '/~1a/min'],
    ['a limit that is no number', { '/a': { max: 'x' } }, '/~1a/max'],
    ['no choice', { '/a': { oneOf: [] } }, '/~1a/oneOf'],
    ['null', { '/a': null }, '/~1a'],
  ])('%s', (_name, given, path) => {
    expect(grantConstraintsFaults(given).map((fault) => fault.path)).toEqual([path]);
    expect(coversArguments(given, { a: 1 })).toBe(false);
  });

  test('more than people can look through', () => {
    const many = Object.fromEntries(Array.from({ length: MAX_CONSTRAINTS + 1 }, (_, i) => [`/${i}`, { any: true }]));
    expect(grantConstraintsFaults(many)).toHaveLength(1);
  });
});

describe('of the call that a decision is about', () => {
  const { '/amount': _, ...lacking } = equal;
  test.each<[string, object, string[]]>([
    ['the same', equal, []],
    ['widened', { ...equal, '/amount': { max: 100 } }, []],
    ['moved away from the call', { ...equal, '/amount': { max: 10 } }, ['/~1amount']],
    ['an argument left out', lacking, ['/~1amount']],
    ['an argument that the call lacks', { ...equal, '/urgent': { any: true } }, ['/~1urgent']],
    ['a whole object', { ...equal, '/note': { any: true } }, ['/~1note']],
  ])('%s', (_name, constraints, paths) => {
    expect(grantConstraintsFaults(constraints, args).map((fault) => fault.path)).toEqual(paths);
  });
});

const textOf = (constraints: object): string => canonicalJson(constraints as JsonValue);

const anyArguments = fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });

test('equality covers the call it was made from, and a call with another leaf never', () => {
  fc.assert(
    fc.property(anyArguments, anyArguments, (one, other) => {
      const a = JSON.parse(JSON.stringify(one)) as JsonValue;
      const b = JSON.parse(JSON.stringify(other)) as JsonValue;
      const constraints = equalityConstraints(a);
      expect(coversArguments(constraints, a)).toBe(true);
      expect(grantConstraintsFaults(constraints, a)).toEqual([]);
      const equalLeaves = textOf(equalityConstraints(b)) === textOf(constraints);
      expect(coversArguments(constraints, b)).toBe(equalLeaves);
    }),
    { numRuns: 500 },
  );
});
