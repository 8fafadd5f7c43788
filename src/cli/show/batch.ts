import type { BatchItem } from '../../contract/decisions.ts';
import { parseApprovalId } from '../../domain/core/ids.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Terminal } from '../terminal.ts';
import { approvalName } from './decide-commands.ts';
import { status } from './status.ts';
import { own, table } from './table.ts';

/** A line for each decision, in their order; then what to do about those that were refused. */
export function batchTable(terminal: Terminal, items: readonly BatchItem[]): string {
  const rows = items.map((item) => [
    own(String(item.index + 1)),
    nameOf(item),
    item.outcome === null
      ? own(terminal.style('red', 'refused'))
      : own(terminal.style(item.outcome === 'pending' ? 'yellow' : 'green', item.outcome)),
    own(item.approvalStatus === null ? '' : status(terminal, item.approvalStatus)),
    item.code ?? '',
  ]);
  const refused = items.filter(({ outcome }) => outcome === null);
  const sum = refused.length === 0 ? 'None was refused.' : `${refused.length} of ${items.length} were refused.`;
  const advice = refused.flatMap(({ index, problem }) =>
    problem ? [`#${index + 1} ${presentInline(`${problem.detail} ${problem.next}`)}`] : [],
  );
  return [table(terminal, ['#', 'APPROVAL', 'OUTCOME', 'IS NOW', 'WHY'], rows), '', sum, ...advice].join('\n');
}

const nameOf = ({ approvalId, index }: BatchItem): string => {
  const address = parseApprovalId(approvalId ?? '');
  return address ? approvalName(address) : `item ${index + 1}`;
};
