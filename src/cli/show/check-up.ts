import type { Check } from '../../contract/check-up.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Style, Terminal } from '../terminal.ts';

const MARKS: Readonly<Record<Check['status'], readonly [mark: string, style: Style]>> = {
  ok: ['ok', 'green'],
  warning: ['warning', 'yellow'],
  failed: ['FAILED', 'red'],
  skipped: ['skipped', 'dim'],
};
const MARK_WIDTH = 9;

export const checkLines = (terminal: Terminal, checks: readonly Check[]): string =>
  checks
    .flatMap(({ subject, status, detail, next }) => {
      const [mark, style] = MARKS[status];
      const line = `${terminal.style(style, mark.padEnd(MARK_WIDTH))}${subject}: ${presentInline(detail)}`;
      return next === undefined ? [line] : [line, `${' '.repeat(MARK_WIDTH)}${presentInline(next)}`];
    })
    .join('\n');
