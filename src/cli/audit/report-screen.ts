/** A verification's report for people. What stands in the files was written by others: it is shown, never obeyed. */
import type { AuditReport } from '../../domain/evidence/report.ts';
import { fields, own, table } from '../show/table.ts';
import type { Field } from '../show/table.ts';
import type { Terminal } from '../terminal.ts';
import type { FileReport, VerifyReport } from './verify-files.ts';

const HASH_CHARACTERS = 16;

const many = (count: number, one: string, several = `${one}s`): string => `${count} ${count === 1 ? one : several}`;

const findings = (terminal: Terminal, heading: string, found: AuditReport['faults']): readonly string[] =>
  found.length === 0
    ? []
    : [
        '',
        table(
          terminal,
          [heading, 'EVENT', 'WHAT'],
          found.map(({ code, seq, detail }) => [own(code), own(seq === undefined ? '' : String(seq)), detail]),
        ),
      ];

const fileFields = ({ header, head, counts, signaturesChecked, temporal }: FileReport): readonly Field[] => {
  if (!header) return [];
  const dispatches = Object.entries(counts.dispatches).map(([basis, count]) => `${count} by ${basis}`);
  const signatures = signaturesChecked ? 'each signature checked' : 'no signature checked';
  const ofRun: readonly Field[] = [
    ['commands', own(`${counts.commands} signed, ${signatures}`)],
    ['decisions', own(many(counts.decisions, 'decision or vote', 'decisions and votes'))],
    ['calls', own(dispatches.length > 0 ? `dispatched: ${dispatches.join(', ')}` : 'none dispatched')],
  ];
  return [
    header.kind === 'run' ? ['run', header.rootRunId] : ['log of', header.tenant],
    ...(header.kind === 'run' ? [['scope', `${header.tenant}/${header.project}`] satisfies Field] : []),
    [
      'chain',
      own(
        `${many(counts.events, 'event')}, holds up to ${head?.seq ?? 0} (${head?.hash.slice(0, HASH_CHARACTERS) ?? ''}…)`,
      ),
    ],
    ...(header.kind === 'run' ? ofRun : []),
    ...(temporal
      ? [
          [
            'temporal',
            own(
              `${many(temporal.executions, 'execution')}, ${many(temporal.signals, 'signal')}, ` +
                `${many(temporal.toolActivities, 'tool activity', 'tool activities')} compared`,
            ),
          ] satisfies Field,
        ]
      : []),
  ];
};

const verdict = (terminal: Terminal, ok: boolean): string =>
  ok ? terminal.style('green', 'verified') : terminal.style('red', 'NOT VERIFIED');

export function reportScreen(terminal: Terminal, report: VerifyReport): string {
  const files = report.files.flatMap((file) => [
    ...(report.files.length > 1 ? [terminal.style('bold', file.file)] : []),
    ...(file.header ? [fields(terminal, [...fileFields(file), ['result', own(verdict(terminal, file.ok))]])] : []),
    ...findings(terminal, 'FAULT', file.faults),
    ...findings(terminal, 'NOTE', file.notes),
    '',
  ]);
  return [
    ...files,
    ...(report.checkpoints > 0 ? [`Held against ${many(report.checkpoints, 'checkpoint')}.`] : []),
    ...findings(terminal, 'FAULT', report.faults),
    ...findings(terminal, 'NOTE', report.notes),
    report.ok ? verdict(terminal, true) : `${verdict(terminal, false)}: the first fault is where to look first`,
  ].join('\n');
}
