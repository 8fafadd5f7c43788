import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import { deepFreeze } from '../../../src/domain/arguments/deep-freeze.ts';
import { applyStateEdits } from '../../../src/domain/state/apply-state-edits.ts';
import { commonStatePatterns, isStatePathCovered, parseStatePath } from '../../../src/domain/state/state-path.ts';
import { isStatePathAllowed } from '../../../src/domain/core/state-paths.ts';

const state: JsonValue = deepFreeze({
  customer: { name: 'Ada', tier: null, tags: ['a', 'b'] },
  lines: [{ price: 1 }, { price: 2 }],
  grid: [[1, 2], [3]],
  count: 3,
});

const edited = (...edits: [path: string, value: JsonValue][]): unknown => {
  const result = applyStateEdits(
    state,
    edits.map(([path, value]) => ({ path, value })),
  );
  return result.ok ? result.state : result.faults;
};

describe('S0.1 an edit sets one place and leaves the rest', () => {
  test.each<[string, JsonValue, object]>([
    ['customer.name', 'Bo', { customer: { name: 'Bo', tier: null, tags: ['a', 'b'] } }],
    ['customer.tier', 'gold', { customer: { name: 'Ada', tier: 'gold', tags: ['a', 'b'] } }],
    ['customer.since.year', 2020, { customer: { name: 'Ada', tier: null, tags: ['a', 'b'], since: { year: 2020 } } }],
    ['customer.tags.1', 'c', { customer: { name: 'Ada', tier: null, tags: ['a', 'c'] } }],
    ['customer.tags.2', 'c', { customer: { name: 'Ada', tier: null, tags: ['a', 'b', 'c'] } }],
    ['lines.1.price', 5, { lines: [{ price: 1 }, { price: 5 }] }],
    ['lines.2.price', 5, { lines: [{ price: 1 }, { price: 2 }, { price: 5 }] }],
    ['grid.1.0', 9, { grid: [[1, 2], [9]] }],
    ['count', 4, { count: 4 }],
    ['new.0', 'x', { new: { 0: 'x' } }],
    ['toString', 'x', { toString: 'x' }],
  ])('%s', (path, value, change) => {
    expect(edited([path, value])).toEqual({ ...(state as object), ...change });
  });

  test('a run that began without a state has an empty one', () => {
    const result = applyStateEdits(undefined, [{ path: 'a.b', value: 1 }]);
    expect(result).toEqual({ ok: true, state: { a: { b: 1 } } });
  });
});

describe('paths that are refused', () => {
  test.each([
    ['', 'empty'],
    ['.', 'empty segment'],
    ['a..b', 'empty segment'],
    ['a.', 'empty segment'],
    ['a. ', 'empty segment'],
    ['__proto__.polluted', '__proto__'],
    ['customer.__proto__', '__proto__'],
    ['constructor.prototype.x', 'constructor'],
    ['a.prototype', 'prototype'],
    ['a b', 'space'],
    ['a\u200bb', 'invisible'],
    ['a\nb', 'invisible'],
    ['x'.repeat(501), 'longer'],
    [Array.from({ length: 33 }, () => 'a').join('.'), 'segments'],
    ['lines.first', 'in a list'],
    ['lines.-1', 'in a list'],
    ['lines.01', 'in a list'],
    ['lines.1.price.x', 'goes through a number'],
    ['lines.9', 'place 9'],
    ['lines.99999', 'in a list'],
    ['customer.tags.length', 'in a list'],
    ['count.value', 'a number'],
    ['customer.name.first', 'a string'],
    ['customer.tier.level', 'null'],
  ])('%j', (path, message) => {
    expect(edited([path, 1])).toEqual([{ index: 0, message: expect.stringContaining(message) }]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('S0.3 one bad edit, and none applies; each is named by its place', () => {
    expect(edited(['count', 4], ['', 1], ['lines.x', 1])).toEqual([
      { index: 1, message: expect.any(String) },
      { index: 2, message: expect.any(String) },
    ]);
  });

  test('two edits of one place, or of one within the other, whose order would decide', () => {
    expect(edited(['count', 4], ['count', 5])).toMatchObject([{ index: 1 }]);
    expect(edited(['customer', {}], ['customer.name', 'Bo'])).toMatchObject([{ index: 1 }]);
    expect(edited(['customer.name', 'Bo'], ['customer', {}])).toMatchObject([{ index: 1 }]);
    expect(edited(['customer.name', 'Bo'], ['customer.names', 'Bo'])).not.toBeInstanceOf(Array);
  });

  test('a value that is no JSON', () => {
    expect(edited(['count', Number.NaN])).toMatchObject([{ index: 0, message: expect.stringContaining('not JSON') }]);
  });
});

const segment = fc.constantFrom('a', 'b', '0', '1', '__proto__', 'constructor', '', ' ', 'x y', '*');
const anyPath = fc.array(segment, { maxLength: 5 }).map((segments) => segments.join('.'));

test('whatever the path, nothing but the place it names changes, and no prototype is reached', () => {
  fc.assert(
    fc.property(anyPath, fc.jsonValue({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 3 }), (path, value, before) => {
      const start = deepFreeze(JSON.parse(JSON.stringify(before)) as JsonValue);
      const result = applyStateEdits(start, [{ path, value: value as JsonValue }]);
      expect(Object.keys(Object.prototype)).toEqual([]);
      if (!result.ok) return;
      const parsed = parseStatePath(path);
      expect(parsed.ok).toBe(true);
      const reached = parsed.ok && parsed.segments.reduce<unknown>((at, key) => (at as never)[key], result.state);
      expect(reached).toEqual(value);
      // Setting what was there before, where something was, gives the state back.
      const was = parsed.ok && parsed.segments.reduce<unknown>((at, key) => (at as never)?.[key], start);
      if (was !== undefined && typeof was !== 'function') {
        const back = applyStateEdits(result.state, [{ path, value: was as JsonValue }]);
        expect(back).toEqual({ ok: true, state: start });
      }
    }),
    { numRuns: 2_000 },
  );
});

describe('patterns', () => {
  test.each([
    [['a'], ['a.b'], ['a.b']],
    [['a.*'], ['*.b'], ['a.b']],
    [['a.*.c'], ['a.b'], ['a.b.c']],
    [['a'], ['b'], []],
    [[], ['a'], []],
    [
      ['a', 'b.*'],
      ['b.x', 'a.y'],
      ['a.y', 'b.x'],
    ],
  ])('what %j and %j both allow is %j', (a, b, both) => {
    expect(commonStatePatterns(a, b)).toEqual(both);
    expect(commonStatePatterns(b, a)).toEqual(both);
  });

  const pattern = fc.array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 3 }).map((all) => all.join('.'));
  const patterns = fc.array(pattern, { maxLength: 3 });
  const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map((all) => all.join('.'));
  test('a path is allowed by what is common exactly where both lists allow it', () => {
    fc.assert(
      fc.property(patterns, patterns, path, (a, b, one) => {
        const both = isStatePathAllowed(a, one) && isStatePathAllowed(b, one);
        expect(isStatePathAllowed(commonStatePatterns(a, b), one)).toBe(both);
        for (const common of commonStatePatterns(a, b)) expect(isStatePathCovered(a, common)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
