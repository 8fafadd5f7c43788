/** The figures for people. */
import { isMet } from './goals.ts';
import type { Row } from './goals.ts';

const HEAD = ['', '', 'ours', 'floor', 'ratio', 'goal', ''];
const WORD_COLUMNS = 2;

const goalText = ({ goal, unit }: Row): string => {
  if (!goal) return '';
  const [sign, figure] = goal.atMost === undefined ? ['≥', goal.atLeast] : ['≤', goal.atMost];
  return `${sign} ${figure}${goal.of === 'ratio' ? '×' : ` ${unit}`}`.trimEnd();
};

const cellsOf = (row: Row): string[] => {
  const figure = (value: number | undefined) =>
    value === undefined ? '' : `${value.toFixed(row.digits)} ${row.unit}`.trimEnd();
  const met = isMet(row);
  return [
    row.measure,
    row.what,
    figure(row.ours),
    figure(row.floor),
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)}×`,
    goalText(row),
    met === undefined ? '' : met ? '✓' : '✗ missed',
  ];
};

/** Columns under their heads: so many of words, the others of figures, which line up on the right. */
export const alignedTable = (lines: readonly (readonly string[])[], wordColumns = 0): string => {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) =>
          column < wordColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

export const tableOf = (rows: readonly Row[]): string => alignedTable([HEAD, ...rows.map(cellsOf)], WORD_COLUMNS);
