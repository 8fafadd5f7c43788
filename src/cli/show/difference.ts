/** What is different between two values, line by line. */
import { diffArrays } from 'diff';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { presentValue } from '../../domain/present/present-value.ts';
import type { Style, Terminal } from '../terminal.ts';

const SIGN_COLUMNS = 2;
/** Lines that did not change, around those that did. */
const CONTEXT_LINES = 3;
const TIMEOUT_MS = 1_000;

const SIGNS = { added: ['+ ', 'green'], removed: ['- ', 'red'], same: ['  ', 'dim'] } as const satisfies Record<
  string,
  readonly [string, Style]
>;

/** `-` and `+` stand in a column of their own, which no text reaches. */
export function difference(terminal: Terminal, before: JsonValue, after: JsonValue): string {
  const columns = terminal.columns - SIGN_COLUMNS;
  const linesOf = (value: JsonValue) => presentValue(value, { columns }).split('\n');
  const parts = diffArrays(linesOf(before), linesOf(after), { timeout: TIMEOUT_MS });
  if (parts === undefined) return 'There is too much that differs to compare them: read the arguments.';
  if (!parts.some(({ added, removed }) => added || removed)) return 'Nothing.';
  return parts
    .flatMap(({ added, removed, value }, index) => {
      if (!added && !removed) return around(terminal, value, index === 0, index === parts.length - 1);
      const [sign, style] = SIGNS[added ? 'added' : 'removed'];
      return value.map((line) => terminal.style(style, `${sign}${line}`));
    })
    .join('\n');
}

function around(terminal: Terminal, lines: readonly string[], isFirst: boolean, isLast: boolean): readonly string[] {
  const [sign, style] = SIGNS.same;
  const shown = (some: readonly string[]) => some.map((line) => terminal.style(style, `${sign}${line}`));
  const head = isFirst ? 0 : CONTEXT_LINES;
  const tail = isLast ? 0 : CONTEXT_LINES;
  const hidden = lines.length - head - tail;
  if (hidden <= 1) return shown(lines);
  const note = terminal.style(style, `${sign}… ${hidden} lines are the same`);
  return [...shown(lines.slice(0, head)), note, ...shown(lines.slice(lines.length - tail))];
}
