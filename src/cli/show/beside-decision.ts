/** What a decision brings along, before it is sent. */
import type { DecideApproval } from '../../contract/decisions.ts';
import { presentValue } from '../../domain/present/present-value.ts';
import type { Terminal } from '../terminal.ts';
import { jsonOf } from './json-value.ts';
import { fields } from './table.ts';

/** Undefined where it brings nothing. */
export function besideText(
  terminal: Terminal,
  { stateEdits, remember }: Pick<DecideApproval, 'stateEdits' | 'remember'>,
): string | undefined {
  const blocks: string[] = [];
  if (stateEdits) {
    const values = Object.fromEntries(stateEdits.map(({ path, value }) => [path, jsonOf(value)]));
    blocks.push(`${terminal.style('bold', 'It also sets')}\n\n${presentValue(values, { columns: terminal.columns })}`);
  }
  if (remember) {
    const { scope, ttl, uses, constraints } = remember;
    const rows = [
      ['For', `the ${scope}`],
      ['At most', `${ttl} and ${uses} calls`],
      ['Covers', constraints === undefined ? 'calls with these very arguments' : 'calls within these bounds:'],
    ] as const;
    const bounds = constraints ? `\n${presentValue(jsonOf(constraints), { columns: terminal.columns })}` : '';
    blocks.push(`${terminal.style('bold', 'It also approves, unseen')}\n${fields(terminal, rows)}${bounds}`);
  }
  return blocks.length === 0 ? undefined : blocks.join('\n\n');
}
