import fc from 'fast-check';
import { expect, test } from 'vitest';
import { difference } from '../../../src/cli/show/difference.ts';
import { jsonOf } from '../../../src/cli/show/json-value.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { presentValue } from '../../../src/domain/present/present-value.ts';

const COLUMNS = 60;
const terminal: Terminal = {
  print: () => {},
  write: () => {},
  note: () => {},
  style: (_style, text) => text,
  columns: COLUMNS,
  isInteractive: false,
  isTerminal: false,
  ask: async () => undefined,
};

test('what changed stands behind signs, between a few lines that did not', () => {
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`field${at}`, at]));
  expect(difference(terminal, { ...many, field9: 9 }, { ...many, field9: 'nine' }).split('\n')).toEqual([
    '  … 7 lines are the same',
    '    "field6": 6,',
    '    "field7": 7,',
    '    "field8": 8,',
    '-   "field9": 9,',
    '+   "field9": "nine",',
    '    "field10": 10,',
    '    "field11": 11,',
    '    "field12": 12,',
    '  … 8 lines are the same',
  ]);
});

test('a long text is compared by its lines', () => {
  expect(difference(terminal, { text: 'one\ntwo\nthree' }, { text: 'one\n2\nthree' })).toBe(
    [
      '  {',
      '-   "text": 3 lines, 13 bytes:',
      '+   "text": 3 lines, 11 bytes:',
      '      │ one',
      '-     │ two',
      '+     │ 2',
      '      │ three',
      '  }',
    ].join('\n'),
  );
});

test('nothing changed is said', () => {
  expect(difference(terminal, { a: [1, null] }, { a: [1, null] })).toBe('Nothing.');
});

test('no text forges a sign or loses a line: what is new and what is the same are the new value, line by line', () => {
  const value = fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 40 }), {
    maxKeys: 3,
  });
  fc.assert(
    fc.property(value, value, (before, after) => {
      const lines = difference(terminal, jsonOf(before), jsonOf(after)).split('\n');
      if (lines[0] === 'Nothing.' || lines.some((line) => line.startsWith('  … '))) return;
      for (const line of lines) expect(line).toMatch(/^(\+ |- | {2})/);
      const rest = (sign: string) => lines.filter((line) => line.startsWith(sign) || line.startsWith('  '));
      const shown = (signs: string) =>
        rest(signs)
          .map((line) => line.slice(2))
          .join('\n');
      expect(shown('+')).toBe(presentValue(jsonOf(after), { columns: COLUMNS - 2 }));
      expect(shown('-')).toBe(presentValue(jsonOf(before), { columns: COLUMNS - 2 }));
    }),
  );
});
