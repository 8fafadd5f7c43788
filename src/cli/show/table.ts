import Table from 'cli-table3';
import { presentInline } from '../../domain/present/present.ts';
import type { Terminal } from '../terminal.ts';
import { wrap } from './lines.ts';

/** A cell: text of a stranger, or words of ours that may be coloured. */
export type Cell = string | { readonly own: string };

/** Own words, which need no making visible. */
export const own = (text: string): Cell => ({ own: text });

const CELL_MAX_BYTES = 200;

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Rows under headings, without lines. */
export function table(terminal: Terminal, headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const view = new Table({
    head: headings.map((heading) => terminal.style('dim', heading)),
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  view.push(...rows.map((row) => row.map(shownCell)));
  return view.toString().replaceAll(/ +$/gm, '');
}

const shownCell = (cell: Cell): string =>
  typeof cell === 'string' ? presentInline(cell, { maxBytes: CELL_MAX_BYTES }) : cell.own;

export type Field = readonly [name: string, value: Cell];

/** `name  value` lines, the values aligned; one that is too long goes on below itself, never where a name could stand. */
export function fields(terminal: Terminal, pairs: readonly Field[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 2;
  const margin = ' '.repeat(width);
  return pairs
    .flatMap(([name, value]) => {
      const pieces =
        typeof value === 'string' ? wrap(presentInline(value), terminal.columns - width) : ownLines(value.own);
      return pieces.map((piece, index) =>
        index === 0 ? `${terminal.style('dim', name.padEnd(width))}${piece}` : `${margin}${piece}`,
      );
    })
    .join('\n');
}

/** Words of ours fit, whatever their colour; several lines are aligned. */
const ownLines = (text: string): readonly string[] => text.split('\n');
