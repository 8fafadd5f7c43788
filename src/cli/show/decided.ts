import { presentInline } from '../../domain/present/present.ts';
import { COMMAND } from '../context.ts';
import type { Decided } from '../decide.ts';
import type { Terminal } from '../terminal.ts';
import { approvalName } from './decide-commands.ts';
import { status } from './status.ts';

export function decidedText(terminal: Terminal, { answer, approval }: Decided): string {
  const again = answer.outcome === 'already_recorded' ? ' already, by the same decision' : '';
  return [
    `${presentInline(approval.tool.name)} of ${approvalName(approval)} is ${status(terminal, approval.status)}${again}.`,
    `What comes of it: ${COMMAND} runs watch ${approval.runId}`,
  ].join('\n');
}
