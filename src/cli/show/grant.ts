import type { Grant } from '../../contract/grants.ts';
import { presentValue } from '../../domain/present/present-value.ts';
import type { Style, Terminal } from '../terminal.ts';
import { parseJsonValue } from './json-value.ts';
import { fields, own, table } from './table.ts';
import type { Cell, Field } from './table.ts';
import { absolute, relative } from './time.ts';

const STYLES: Readonly<Record<string, Style>> = { live: 'green', proposed: 'yellow', revoked: 'red', void: 'red' };

const statusCell = (terminal: Terminal, { status }: Grant): Cell =>
  Object.hasOwn(STYLES, status) ? own(terminal.style(STYLES[status] ?? 'dim', status)) : status;

/** Where it holds, not yet presented. */
const reach = ({ scope, runId, conversationId, agent }: Grant): string => {
  if (scope === 'run') return `run ${runId ?? ''}`;
  return scope === 'conversation' ? `conversation ${conversationId ?? ''}` : `agent ${agent}`;
};

export function grantTable(terminal: Terminal, grants: readonly Grant[], nowMs: number): string {
  const rows = grants.map((grant) => [
    own(grant.grantId),
    statusCell(terminal, grant),
    grant.tool,
    reach(grant),
    grant.requester,
    grant.usage,
    own(relative(grant.expiresAt, nowMs)),
  ]);
  return table(terminal, ['GRANT', 'STATUS', 'TOOL', 'HOLDS FOR', 'FOR', 'USED', 'EXPIRES'], rows);
}

export function grantScreen(terminal: Terminal, grant: Grant, nowMs: number): string {
  const moment = (timestamp: string) => `${absolute(timestamp)} (${relative(timestamp, nowMs)})`;
  const facts: Field[] = [
    ['Grant', grant.grantId],
    ['Status', statusCell(terminal, grant)],
    ['Tool', grant.tool],
    ['Holds for', reach(grant)],
    ['For', grant.requester],
    ['Used', grant.usage],
    ['Expires', own(moment(grant.expiresAt))],
    ['Made', `by ${grant.createdBy}, ${moment(grant.createdAt)}`],
    ['', grant.decisionId === null ? 'by an operator' : `with decision ${grant.decisionId}`],
    ...(grant.revokedAt === null
      ? []
      : [['Revoked', `by ${grant.revokedBy ?? 'nobody known'}, ${moment(grant.revokedAt)}`] as const]),
    ['Agent', grant.agentDigest],
    ['Policy', grant.policyDigest],
    ['Definition', grant.definitionDigest],
  ];
  const constraints = parseJsonValue(grant.constraints);
  const shown =
    constraints === undefined
      ? 'The store does not have them any more: it covers nothing.'
      : presentValue(constraints, { columns: terminal.columns });
  return `${fields(terminal, facts)}\n\n${terminal.style('bold', 'Covers')} calls with these arguments\n\n${shown}`;
}
