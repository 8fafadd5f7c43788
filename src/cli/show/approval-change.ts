/** What is pending and what happens to it, for whoever watches. Words of models and people are made visible. */
import type { ApprovalChange, ApprovalState } from '../../contract/approval-changes.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Terminal } from '../terminal.ts';
import { approvalName } from './decide-commands.ts';
import { wrap } from './lines.ts';
import { own, table } from './table.ts';
import { absolute, relative, timeOfDay } from './time.ts';

const TYPE_COLUMNS = 22;

export function pendingTable(terminal: Terminal, approvals: readonly ApprovalState[], nowMs: number): string {
  const rows = approvals.map((approval) => [
    own(approvalName(approval)),
    approval.tool,
    approval.agent,
    approval.requester,
    approval.risk,
    approval.claim?.by ?? '',
    own(relative(approval.decideBy, nowMs)),
    own(approval.canDecide ? 'yes' : ''),
  ]);
  const headings = ['APPROVAL', 'TOOL', 'AGENT', 'FOR', 'RISK', 'CLAIMED', 'EXPIRES', 'YOURS TO DECIDE'];
  return table(terminal, headings, rows);
}

/** One line, or several where it is long. */
export function changeLine(terminal: Terminal, change: ApprovalChange): string {
  const head = `${timeOfDay(change.at)}  `;
  const margin = ' '.repeat(head.length + TYPE_COLUMNS + 1);
  const said = presentInline(sentenceOf(change));
  const [first = '', ...rest] = wrap(said, terminal.columns - margin.length);
  const type = presentInline(change.type).padEnd(TYPE_COLUMNS);
  return [`${terminal.style('dim', head)}${type} ${first}`, ...rest.map((piece) => `${margin}${piece}`)].join('\n');
}

function sentenceOf({ revision, approval }: ApprovalChange): string {
  const { tool, requester, claim, decideBy } = approval;
  const which = revision === 1 ? approvalName(approval) : `${approvalName(approval)}, revision ${revision}`;
  const standing =
    approval.status === 'pending'
      ? `pending until ${absolute(decideBy)}${claim ? `, claimed by ${claim.by}` : ''}`
      : approval.status;
  return `${tool} (${which}) for ${requester}: ${standing}`;
}
