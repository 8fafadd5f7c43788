import type { Delegation } from '../../contract/delegations.ts';
import type { Terminal } from '../terminal.ts';
import { own, table } from './table.ts';
import { absolute } from './time.ts';

export function delegationTable(terminal: Terminal, delegations: readonly Delegation[]): string {
  const rows = delegations.map(({ delegationId, active, from, to, groups, until }) => [
    own(delegationId),
    own(active ? terminal.style('green', 'active') : terminal.style('dim', 'over')),
    from,
    to,
    groups === null ? 'all of theirs' : groups.join(', '),
    own(absolute(until)),
  ]);
  return table(terminal, ['DELEGATION', 'STATUS', 'FROM', 'TO', 'GROUPS', 'UNTIL'], rows);
}
