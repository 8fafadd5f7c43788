import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { presentInline, presentText } from '../../../src/domain/present/present.ts';

/** Spelled out here, not taken from the module: what a screen must never get. */
const forbidden =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}\ue000-\uf8ff\p{Surrogate}]/u;

/** What a reader would do to get the text back: that it works shows that distinct texts look distinct. */
const readBack = (shown: string): string =>
  shown.replaceAll(/⟨U\+([0-9A-F]+)⟩|⏎|⇥/g, (sign, hex: string | undefined) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return sign === '⏎' ? '\n' : '\t';
  });

describe('what could deceive is written out', () => {
  test.each([
    ['ANSI colour', '\u001b[31mred\u001b[0m', '⟨U+001B⟩[31mred⟨U+001B⟩[0m'],
    ['ANSI cursor up and erase', 'rm -rf /\u001b[1A\u001b[2Kls', 'rm -rf /⟨U+001B⟩[1A⟨U+001B⟩[2Kls'],
    [
      'OSC 8 link',
      '\u001b]8;;https://evil.test\u0007ok\u001b]8;;\u0007',
      '⟨U+001B⟩]8;;https://evil.test⟨U+0007⟩ok⟨U+001B⟩]8;;⟨U+0007⟩',
    ],
    ['OSC 52 clipboard', '\u001b]52;c;cm0=\u001b\\', '⟨U+001B⟩]52;c;cm0=⟨U+001B⟩\\'],
    ['C1 control sequence', 'a\u009b2Jb\u009d0;t\u009c', 'a⟨U+009B⟩2Jb⟨U+009D⟩0;t⟨U+009C⟩'],
    ['backspaces', 'no\b\byes', 'no⟨U+0008⟩⟨U+0008⟩yes'],
    ['carriage return', 'delete all\rkeep', 'delete all⟨U+000D⟩keep'],
    ['right-to-left override', 'invoice\u202efdp.exe', 'invoice⟨U+202E⟩fdp.exe'],
    ['isolates and marks', '\u2066a\u2069\u200e\u200f\u061c', '⟨U+2066⟩a⟨U+2069⟩⟨U+200E⟩⟨U+200F⟩⟨U+061C⟩'],
    ['zero-width characters', 'pay\u200bpal\u200c\u200d\u2060\ufeff', 'pay⟨U+200B⟩pal⟨U+200C⟩⟨U+200D⟩⟨U+2060⟩⟨U+FEFF⟩'],
    ['soft hyphen, joiner, vowel separator', 'a\u00ad\u034f\u180e', 'a⟨U+00AD⟩⟨U+034F⟩⟨U+180E⟩'],
    ['text hidden in tags', 'ok\u{e0049}\u{e007f}', 'ok⟨U+E0049⟩⟨U+E007F⟩'],
    ['bytes hidden in variation selectors', 'a\ufe00\u{e0100}', 'a⟨U+FE00⟩⟨U+E0100⟩'],
    ['blank letters', '\u3164\u115f\uffa0\u2800', '⟨U+3164⟩⟨U+115F⟩⟨U+FFA0⟩⟨U+2800⟩'],
    ['spaces that are none', 'a\u00a0b\u3000c\u2003', 'a⟨U+00A0⟩b⟨U+3000⟩c⟨U+2003⟩'],
    ['line and paragraph separators', 'a\u2028b\u2029c\u0085', 'a⟨U+2028⟩b⟨U+2029⟩c⟨U+0085⟩'],
    ['lone surrogates', '\ud800x\udc00', '⟨U+D800⟩x⟨U+DC00⟩'],
    ['private use', '\ue0b0', '⟨U+E0B0⟩'],
    ['NUL', 'a\u0000b', 'a⟨U+0000⟩b'],
    ['a forged token', '⟨U+202E⟩', '⟨U+27E8⟩U+202E⟩'],
    ['a forged cut', 'x⟨cut: the first 1 of 1 bytes⟩', 'x⟨U+27E8⟩cut: the first 1 of 1 bytes⟩'],
    ['tabs, and what stands for one', 'a\tb⇥', 'a⇥b⟨U+21E5⟩'],
  ])('%s', (_name, text, shown) => {
    expect(presentText(text)).toBe(shown);
    expect(presentInline(text)).toBe(shown);
  });
});

test.each([
  'Grüße, naïve café e\u0301, ångström',
  'Жду ответа. 你好，世界！ 안녕하세요 こんにちは',
  'שלום مرحبا สวัสดีที่ नमस्ते कृपया',
  '**not bold** [not a link](https://x.test) <b>nor</b> `this`',
  'emoji \u{1F600} \u{1F44D}\u{1F3FD} \u{1F1E6}\u{1F1F9}',
])('plain text is left alone: %s', (text) => {
  expect(presentText(text)).toBe(text);
});

test('line breaks are kept in a block and shown in a line', () => {
  expect(presentText('a\nb\r\nc')).toBe('a\nb⟨U+000D⟩\nc');
  expect(presentInline('a\nb⏎')).toBe('a⏎b⟨U+23CE⟩');
});

test('a flood of combining marks is written out from the fifth on, and none sits on a sign of ours', () => {
  expect(presentText(`a${'\u0301'.repeat(6)}b`)).toBe(`a${'\u0301'.repeat(4)}⟨U+0301⟩⟨U+0301⟩b`);
  expect(presentText('\u0301a')).toBe('⟨U+0301⟩a');
  expect(presentText('\n\u0338')).toBe('\n⟨U+0338⟩');
  expect(presentText('\u202e\u0338')).toBe('⟨U+202E⟩⟨U+0338⟩');
});

test('a cut text says so, in bytes, between two characters', () => {
  expect(presentText('äöü', { maxBytes: 6 })).toBe('äöü');
  expect(presentText('äöü', { maxBytes: 5 })).toBe('äö⟨cut: the first 4 of 6 bytes⟩');
  expect(presentInline('\u{1F600}\u{1F600}', { maxBytes: 7 })).toBe('\u{1F600}⟨cut: the first 4 of 8 bytes⟩');
  expect(presentText('\ud800\ud800', { maxBytes: 3 })).toBe('⟨U+D800⟩⟨cut: the first 3 of 6 bytes⟩');
});

test('a text of a megabyte, on one line, is shown whole and soon', () => {
  // Work done, not time passed: a busy machine is no reason to fail.
  const before = process.cpuUsage();
  expect(presentText('x\u202e'.repeat(300_000))).toHaveLength(300_000 * 9);
  expect(presentText('x'.repeat(1_000_000))).toHaveLength(1_000_000);
  expect(presentText('\u0301'.repeat(300_000), { maxBytes: 500_000 })).toContain('⟨cut: ');
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(5_000);
});

const nasty = fc.constantFrom(
  '\u001b',
  '\u202e',
  '\u200b',
  '\n',
  '\r',
  '\t',
  '⟨',
  '⟩',
  '⏎',
  '⇥',
  'U+202E',
  '\u0301',
  '\ud800',
  '\udc00',
  'a',
  ' ',
);
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(nasty).map((parts) => parts.join('')),
  fc
    .array(
      fc.oneof(
        nasty,
        fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
      ),
    )
    .map((parts) => parts.join('')),
);

test('whatever the text, a screen gets nothing forbidden', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(presentText(text)).not.toMatch(forbidden);
      expect(presentInline(text)).not.toMatch(forbidden);
      expect(presentInline(text)).not.toContain('\n');
    }),
    { numRuns: 2_000 },
  );
});

test('every code point, after a letter, is shown as itself or as its token', () => {
  const blockSize = 0x400;
  for (let start = 0; start < 0x110000; start += blockSize) {
    const text = Array.from({ length: blockSize }, (_, at) => `a${String.fromCodePoint(start + at)}`).join('');
    const shown = presentInline(text);
    expect(forbidden.exec(shown)?.[0].codePointAt(0)?.toString(16)).toBeUndefined();
    expect(readBack(shown) === text, `the block from U+${start.toString(16)} can be read back`).toBe(true);
  }
});

test('distinct texts look distinct: each can be read back', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(readBack(presentText(text))).toBe(text);
      expect(readBack(presentInline(text))).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});
