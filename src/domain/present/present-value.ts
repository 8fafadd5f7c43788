import type { JsonValue } from '../arguments/json-value.ts';
import { cutNote, cutText, utf8Bytes } from './cut-text.ts';
import { eachVisible } from './visible-characters.ts';
import { presentText } from './present.ts';

export interface PresentValueOptions {
  /** Of each text in UTF-8; a longer one is cut, with a note that says so. Whole by default. */
  readonly maxTextBytes?: number;
  /**
   * Width of the screen. When given, a text of several lines, or too long for one, stands as a block below its key, its
   * length stated, each line behind a bar (`│`, or `┊` where a long line goes on), so that no part of a text can pass for
   * another key. When not given, the result is JSON, and reading it gives the value back.
   */
  readonly columns?: number;
}

/** Arguments or a result as indented JSON in which a person sees every character there is. */
export function presentValue(value: JsonValue, options: PresentValueOptions = {}): string {
  const lines: string[] = [];
  writeValue({ value, before: '', after: '', depth: 0 }, options, lines);
  return lines.join('\n');
}

interface Written {
  readonly value: JsonValue;
  /** The key with its colon, on the value's first line. */
  readonly before: string;
  /** The comma, on its last. */
  readonly after: string;
  readonly depth: number;
}

function writeValue({ value, before, after, depth }: Written, options: PresentValueOptions, lines: string[]): void {
  const indent = indentOf(depth, options);
  if (typeof value === 'string') return writeText({ value, before, after, depth }, options, lines);
  if (typeof value !== 'object' || value === null) {
    lines.push(...fitLine(`${indent}${before}${JSON.stringify(value)}${after}`, options));
    return;
  }
  const push = (line: string): unknown => lines.push(...fitLine(line, options));
  const isArray = Array.isArray(value);
  const [opening, closing] = isArray ? '[]' : '{}';
  const children: [string, JsonValue][] = isArray
    ? (value as readonly JsonValue[]).map((item) => ['', item])
    : Object.entries(value as { readonly [key: string]: JsonValue }).map(([key, item]) => [`${quote(key)}: `, item]);
  if (children.length === 0) {
    push(`${indent}${before}${opening}${closing}${after}`);
    return;
  }
  push(`${indent}${before}${opening}`);
  for (const [index, [key, item]] of children.entries()) {
    const comma = index < children.length - 1 ? ',' : '';
    writeValue({ value: item, before: key, after: comma, depth: depth + 1 }, options, lines);
  }
  lines.push(`${indent}${closing}${after}`);
}

function writeText(written: Written & { value: string }, options: PresentValueOptions, lines: string[]): void {
  const { value, before, after, depth } = written;
  const indent = indentOf(depth, options);
  const cut = cutText(value, options.maxTextBytes ?? Number.POSITIVE_INFINITY);
  const note = cut.shownBytes < cut.totalBytes ? ` ${cutNote(cut)}` : '';
  const line = `${indent}${before}${quote(cut.text)}${note}${after}`;
  const { columns } = options;
  if (columns === undefined || (!cut.text.includes('\n') && widthOf(line) <= columns)) {
    lines.push(line);
    return;
  }
  const textLines = cut.text.split('\n');
  const count = textLines.length === 1 ? '1 line' : `${textLines.length} lines`;
  lines.push(...fitLine(`${indent}${before}${count}, ${utf8Bytes(cut.text)} bytes:${note}`, options));
  const width = Math.max(MIN_PIECE_COLUMNS, columns - indent.length - BAR_COLUMNS);
  for (const textLine of textLines) {
    for (const [index, piece] of wrap(presentText(textLine), width).entries()) {
      lines.push(`${indent}  ${index === 0 ? '│' : '┊'} ${piece}`);
    }
  }
}

/** At most half the screen: deep nesting must not push text off it. */
const indentOf = (depth: number, { columns = Number.POSITIVE_INFINITY }: PresentValueOptions): string =>
  ' '.repeat(Math.min(depth * 2, Math.floor(columns / 2)));

/** A line that a long key makes too long goes on behind `┊`: left to the screen, its rest would stand where keys do. */
function fitLine(line: string, { columns }: PresentValueOptions): string[] {
  if (columns === undefined || widthOf(line) <= columns) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  return wrap(line.slice(indent.length), Math.max(MIN_PIECE_COLUMNS, columns - indent.length - BAR_COLUMNS)).map(
    (piece, index) => `${indent}${index === 0 ? '' : '  ┊ '}${piece}`,
  );
}

const MIN_PIECE_COLUMNS = 20;
const BAR_COLUMNS = 4;

/** A JSON string literal in which everything that would not be seen is escaped. */
function quote(text: string): string {
  const parts: string[] = [];
  eachVisible(text, (character, shown) =>
    parts.push(shown === undefined ? escape(character) : (SHORT[shown] ?? shown)),
  );
  return `"${parts.join('')}"`;
}

const SHORT: Record<string, string> = { '"': '\\"', '\\': '\\\\' };

function escape(character: string): string {
  // JSON has no escape for code points beyond U+FFFF but two; the short forms (\n, \t) are what people know.
  const short = JSON.stringify(character);
  if (/^"\\[bfnrt]"$/.test(short)) return short.slice(1, -1);
  return Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}

/** Columns of a terminal, counted generously: what is not ASCII may be drawn two wide. */
const widthOf = (text: string): number => {
  let width = 0;
  for (const character of text) width += character <= '\u007e' ? 1 : 2;
  return width;
};

/** Never within a token or between a character and its marks. */
function wrap(line: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  let pieceWidth = 0;
  for (const unit of line.match(/⟨U\+[0-9A-F]+⟩|\P{M}\p{M}*/gu) ?? []) {
    const unitWidth = widthOf(unit);
    if (pieceWidth + unitWidth > width && piece !== '') {
      pieces.push(piece);
      piece = '';
      pieceWidth = 0;
    }
    piece += unit;
    pieceWidth += unitWidth;
  }
  return [...pieces, piece];
}
