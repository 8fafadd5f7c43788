import fc from 'fast-check';
import { expect, test } from 'vitest';
import { presentText } from '../../../src/domain/present/present.ts';
import { jsonLine, jsonText } from '../../../src/cli/show/json.ts';
import { widthOf, wrap } from '../../../src/cli/show/lines.ts';
import { createMessageWriter } from '../../../src/cli/show/message-writer.ts';
import { quoted } from '../../../src/cli/show/quoted.ts';
import { fields } from '../../../src/cli/show/table.ts';
import { duration, relative } from '../../../src/cli/show/time.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';

const COLUMNS = 40;
const terminalOf = (written: string[]): Terminal => ({
  print: (text = '') => void written.push(`${text}\n`),
  write: (text) => void written.push(text),
  note: () => {},
  style: (_style, text) => text,
  columns: COLUMNS,
  isInteractive: false,
  isTerminal: false,
  ask: async () => undefined,
});
const anyText = fc.string({ unit: 'binary', maxLength: 200 });

test.each([
  [0, '0 s'],
  [999, '0 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h'],
  [86_399_000, '23 h 59 min'],
  [90_000_000, '1 d 1 h'],
])('%i ms are %s', (spanMs, text) => expect(duration(spanMs)).toBe(text));

test('a time is told from now, either way', () => {
  const nowMs = Date.parse('2026-03-14T09:00:00Z');
  expect(relative('2026-03-14T10:00:00Z', nowMs)).toBe('in 1 h');
  expect(relative('2026-03-14T08:59:30Z', nowMs)).toBe('30 s ago');
});

test('wrapping loses nothing and fits', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const line = presentText(text).replaceAll('\n', ' ');
      const pieces = wrap(line, COLUMNS);
      expect(pieces.join('')).toBe(line);
      for (const piece of pieces) expect(widthOf(piece)).toBeLessThanOrEqual(COLUMNS + 12);
    }),
  );
});

test('every line of a quoted text stands behind a bar', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const line of quoted(text, COLUMNS).split('\n')) expect(line).toMatch(/^ {2}[│┊] /);
    }),
  );
});

test('a message is shown whole and behind a bar, wherever its pieces end', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 120 }),
      fc.array(fc.nat(119), { maxLength: 6 }),
      (text, cuts) => {
        fc.pre(text !== '');
        const written: string[] = [];
        const writer = createMessageWriter(terminalOf(written));
        const places = [0, ...cuts.filter((cut) => cut < text.length).toSorted((a, b) => a - b), text.length];
        for (const [index, from] of places.entries()) writer.append(text.slice(from, places[index + 1] ?? text.length));
        writer.end();
        const lines = written.join('').split('\n');
        expect(lines.pop()).toBe('');
        for (const line of lines) expect(line).toMatch(/^ {2}[│┊] /);
        const said = lines
          .map((line, index) => `${index > 0 && line.startsWith('  │') ? '\n' : ''}${line.slice(4)}`)
          .join('');
        expect(said).toBe(presentText(text));
      },
    ),
  );
});

test('a value never reaches the place where a name could stand', () => {
  const shown = fields(terminalOf([]), [
    ['Tool', `x${' '.repeat(60)}Digest  sha256:forged`],
    ['Digest', 'sha256:true'],
  ]);
  expect(shown.split('\n').filter((line) => line.startsWith('Digest'))).toEqual(['Digest  sha256:true']);
});

test('JSON reads back as it was, on one line too', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      expect(JSON.parse(jsonText(plain))).toEqual(plain);
      expect(JSON.parse(jsonLine(plain))).toEqual(plain);
      expect(jsonLine(plain)).not.toContain('\n');
    }),
  );
});
