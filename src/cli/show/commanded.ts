import type { CommandedRun } from '../../contract/run-commands.ts';
import { presentInline } from '../../domain/present/present.ts';
import { COMMAND } from '../context.ts';
import type { Terminal } from '../terminal.ts';
import { guardLines } from './guards.ts';
import { status } from './status.ts';

/** What became of a command to a run. `did`: in our words, of the run as the subject, as `is blocked`. */
export function commandedText(terminal: Terminal, run: CommandedRun, did: string): string {
  const warnings = [
    ...run.warnings.map(({ detail }) => `${terminal.style('yellow', 'Mind')}: ${presentInline(detail)}`),
    ...guardLines(terminal, run.guards),
  ];
  if (run.outcome === 'pending') {
    return [
      `The command is with run ${run.runId}; no worker has answered yet. It counts as soon as one is back.`,
      ...warnings,
      `See: ${COMMAND} runs show ${run.runId}`,
    ].join('\n');
  }
  const again = run.outcome === 'already_recorded' ? ' already, by the same command' : '';
  return [
    `Run ${run.runId} ${did}${again}: it is ${status(terminal, run.status)}.`,
    ...warnings,
    `What comes of it: ${COMMAND} runs watch ${run.runId}`,
  ].join('\n');
}
