import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import { presentValue } from '../../../src/domain/present/present-value.ts';

test('is indented JSON, in the order of its keys, whole', () => {
  expect(presentValue({ b: [1, 'x', {}], a: { c: null, d: [] }, e: true })).toMatchInlineSnapshot(`
    "{
      "b": [
        1,
        "x",
        {}
      ],
      "a": {
        "c": null,
        "d": []
      },
      "e": true
    }"
  `);
  expect(presentValue({ long: 'x'.repeat(100_000) })).toHaveLength(100_000 + '{\n  "long": ""\n}'.length);
});

test('keys and texts show what they hold', () => {
  expect(presentValue({ 'a\u202e"': 'x\u001b[2J\u200b\n\u{e0041}"\\' })).toBe(
    '{\n  "a\\u202e\\"": "x\\u001b[2J\\u200b\\n\\udb40\\udc41\\"\\\\"\n}',
  );
});

test('a text that is cut says so', () => {
  expect(presentValue({ a: 'abcdef', b: 'abc' }, { maxTextBytes: 3 })).toBe(
    '{\n  "a": "abc" ⟨cut: the first 3 of 6 bytes⟩,\n  "b": "abc"\n}',
  );
});

describe('on a screen of known width', () => {
  test('a text of several lines stands as a block that nothing in it can leave', () => {
    const content = 'one\n"path": "/safe",\n\u001b[2J│ ⟨two\u202e\n';
    expect(presentValue({ path: '/etc/passwd', content, mode: 'w' }, { columns: 80 })).toBe(
      [
        '{',
        '  "path": "/etc/passwd",',
        `  "content": 4 lines, ${new TextEncoder().encode(content).length} bytes:`,
        '    │ one',
        '    │ "path": "/safe",',
        '    │ ⟨U+001B⟩[2J│ ⟨U+27E8⟩two⟨U+202E⟩',
        '    │ ',
        '  "mode": "w"',
        '}',
      ].join('\n'),
    );
  });

  test('a long line goes on behind its own bar', () => {
    const shown = presentValue({ a: `${'x'.repeat(30)}${'\u202e'.repeat(5)}` }, { columns: 30 });
    expect(shown.split('\n')).toEqual([
      '{',
      '  "a": 1 line, 45 bytes:',
      `    │ ${'x'.repeat(24)}`,
      `    ┊ ${'x'.repeat(6)}⟨U+202E⟩`,
      '    ┊ ⟨U+202E⟩⟨U+202E⟩',
      '    ┊ ⟨U+202E⟩⟨U+202E⟩',
      '}',
    ]);
  });

  test('so does a long key', () => {
    const shown = presentValue({ [`${'k'.repeat(30)}"path": "safe"`]: 1 }, { columns: 30 });
    expect(
      shown
        .split('\n')
        .slice(1, -1)
        .every((line) => /^ {2}("k+|  ┊ .*)$/.test(line)),
    ).toBe(true);
  });

  test('no line is wider than the screen, however deep', () => {
    let value: JsonValue = `deep ${'x'.repeat(300)}\n${'宽'.repeat(100)}`;
    for (let level = 0; level < 64; level++) value = { [`level${level}`]: value };
    for (const line of presentValue(value, { columns: 60 }).split('\n')) expect(line.length).toBeLessThanOrEqual(60);
  });
});

const jsonValue = fc
  .jsonValue({ stringUnit: 'binary', maxDepth: 4 })
  .map((value): JsonValue => JSON.parse(JSON.stringify(value)));
const forbidden =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufe00-\ufe0f\ufeff\u{e0000}-\u{e0fff}\p{Surrogate}]/u;

test('without a width it reads back as the same value, so distinct values look distinct', () => {
  fc.assert(
    fc.property(jsonValue, (value) => {
      const shown = presentValue(value);
      expect(JSON.parse(shown)).toEqual(value);
      expect(shown).not.toMatch(forbidden);
    }),
    { numRuns: 500 },
  );
});

test('with a width too, nothing forbidden is shown, and distinct values look distinct', () => {
  const text = fc
    .array(fc.constantFrom('a', '\n', '│', '┊', '"', ',', ' ', '\u202e', '\u0301', '⟨', 'xxxxxxxxxxxxxxxx'))
    .map((parts) => parts.join(''));
  const record = fc.dictionary(text, text, { maxKeys: 2 });
  fc.assert(
    fc.property(record, record, (one, other) => {
      const shown = presentValue(one, { columns: 30 });
      expect(shown).not.toMatch(forbidden);
      if (JSON.stringify(one) !== JSON.stringify(other)) expect(presentValue(other, { columns: 30 })).not.toBe(shown);
    }),
    { numRuns: 1_000 },
  );
});
