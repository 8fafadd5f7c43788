/** What a policy's tests have found. */
import type { ValueFault } from '../../domain/arguments/json-value.ts';
import type { PolicyCaseResult } from '../../domain/policy/policy-test.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Terminal } from '../terminal.ts';
import { own, table } from './table.ts';

export function policyTestTable(terminal: Terminal, cases: readonly PolicyCaseResult[]): string {
  const rows = cases.map(({ name, tool, verdict, differences }) => {
    const passes = differences.length === 0;
    const mark = passes ? terminal.style('green', 'ok') : terminal.style('red', 'FAILED');
    const rule = `${verdict.ruleId}${verdict.layer === null ? '' : ` (${verdict.layer})`}`;
    const text = differences.map(({ field, expected, actual }) => `${field}: ${actual}, not ${expected}`).join('; ');
    return [own(mark), name, tool, own(verdict.effect), rule, text];
  });
  const headings = ['', 'CASE', 'TOOL', 'VERDICT', 'RULE', 'DIFFERENCE'];
  return rows.some((row) => row[5] !== '')
    ? table(terminal, headings, rows)
    : table(
        terminal,
        headings.slice(0, 5),
        rows.map((row) => row.slice(0, 5)),
      );
}

/** Each with its place. */
export const policyFaults = (file: string, faults: readonly ValueFault[]): string =>
  [
    `${presentInline(file)} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:`,
    ...faults.map(({ path, message }) => `  ${presentInline(path === '' ? '/' : path)}: ${presentInline(message)}`),
  ].join('\n');
