/** The figures for people. */
import { isMet } from './goals.ts';
import type { Row } from './goals.ts';

const HEAD = ['', '', 'ours', 'floor', 'ratio', 'goal', ''];
/** The first two are words; figures line up on the right. */
const LEFT = 2;

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

export const tableOf = (rows: readonly Row[]): string => {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => (column < LEFT ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
