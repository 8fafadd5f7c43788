/** What somebody has answered: a decision that stands, or a vote. */
import type { RecordedDecision } from '../../contract/approvals.ts';
import { presentValue } from '../../domain/present/present-value.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Terminal } from '../terminal.ts';
import { jsonOf, parseJsonValue } from './json-value.ts';
import { quoted } from './quoted.ts';

/** In a few words, not yet presented. */
export const decisionSentence = ({ decision, principal, channel, edited }: RecordedDecision): string =>
  `${decision} by ${principal}, through ${channel}${edited && decision !== 'edit' ? ', with other arguments' : ''}`;

/** Their words and values. `title` is ours. */
export function decisionBlocks(terminal: Terminal, decision: RecordedDecision, title = 'Reason'): readonly string[] {
  const { reason, stateEdits = [] } = decision;
  const heading = (text: string) => terminal.style('bold', text);
  const response = parseJsonValue(decision.response);
  const blocks: string[] = [];
  if (reason !== null) blocks.push(`${heading(title)}\n${quoted(reason, terminal.columns)}`);
  if (response !== undefined) {
    const shown =
      typeof response === 'string'
        ? quoted(response, terminal.columns)
        : presentValue(response, { columns: terminal.columns });
    blocks.push(`${heading('Answer')} of ${presentInline(decision.principal)}\n${shown}`);
  }
  if (stateEdits.length > 0) {
    const values = Object.fromEntries(stateEdits.map(({ path, value }) => [path, jsonOf(value)]));
    blocks.push(`${heading('State')} set with it\n${presentValue(values, { columns: terminal.columns })}`);
  }
  return blocks;
}
