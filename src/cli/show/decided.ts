import type { Approval } from '../../contract/approvals.ts';
import { presentInline } from '../../domain/present/present.ts';
import { COMMAND } from '../context.ts';
import type { Decided } from '../decide.ts';
import type { Terminal } from '../terminal.ts';
import { approverFields } from './approvers.ts';
import { approvalName, showCommand } from './decide-commands.ts';
import { guardLines } from './guards.ts';
import { status } from './status.ts';
import { fields, own } from './table.ts';

export function decidedText(terminal: Terminal, decided: Decided): string {
  const { answer } = decided;
  return [outcomeText(terminal, decided), ...('guards' in answer ? guardLines(terminal, answer.guards) : [])].join(
    '\n',
  );
}

function outcomeText(terminal: Terminal, { answer, approval }: Decided): string {
  const what = `${presentInline(approval.tool.name)} of ${approvalName(approval)}`;
  const watch = `What comes of it: ${COMMAND} runs watch ${approval.runId}`;
  const isVote = answer.outcome === 'vote_recorded' || approval.status === 'pending';
  switch (answer.outcome === 'revised' || !isVote ? answer.outcome : 'vote_recorded') {
    case 'vote_recorded':
      return [
        `Your vote ${answer.outcome === 'vote_recorded' ? 'is' : 'was'} recorded; ${what} waits for others.`,
        fields(terminal, approverFields(approval)),
        `How it stands: ${showCommand(approval)}`,
      ].join('\n');
    case 'revised':
      return [
        `Your edit is revision ${approval.revision} of ${approvalName(approval)}, which waits for consent of its own.`,
        fields(terminal, [...approverFields(approval), ['Digest', own(approval.digest)]]),
        `How it stands: ${showCommand(approval)}`,
      ].join('\n');
    default: {
      const again = answer.outcome === 'already_recorded' ? ' already, by the same decision' : '';
      return [
        `${what} is ${status(terminal, approval.status)}${again}.`,
        ...editedLines(approval),
        ...grantLines(answer),
        watch,
      ].join('\n');
    }
  }
}

const editedLines = ({ decision, digest }: Approval): readonly string[] =>
  decision?.edited ? [`What runs is the edited call: ${presentInline(digest)}`] : [];

const grantLines = (answer: Decided['answer']): readonly string[] =>
  'grantId' in answer && answer.grantId !== null
    ? [
        `Calls like it are approved by a grant from now on: ${COMMAND} grants show ${answer.grantId}`,
        `To end that: ${COMMAND} grants revoke ${answer.grantId}`,
      ]
    : [];
