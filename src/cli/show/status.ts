import type { Approval } from '../../contract/approvals.ts';
import type { Run } from '../../contract/runs.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Style, Terminal } from '../terminal.ts';

const STYLES: ReadonlyMap<string, Style> = new Map<Approval['status'] | Run['status'], Style>([
  ['running', 'cyan'],
  ['suspended', 'yellow'],
  ['needs_attention', 'red'],
  ['completed', 'green'],
  ['failed', 'red'],
  ['cancelled', 'dim'],
  ['pending', 'yellow'],
  ['approved', 'green'],
  ['rejected', 'red'],
  ['answered', 'green'],
  ['expired', 'dim'],
  ['withdrawn', 'dim'],
  ['superseded', 'dim'],
]);

/** A status in its colour. One that this version does not know is shown as it came, without. */
export function status(terminal: Terminal, value: string): string {
  const style = STYLES.get(value);
  return style ? terminal.style(style, value) : presentInline(value);
}
