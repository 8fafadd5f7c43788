/** An approval with everything a person must see to consent. All words of models, tools and people are made visible. */
import type { Approval } from '../../contract/approvals.ts';
import { presentValue } from '../../domain/present/present-value.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Terminal } from '../terminal.ts';
import { approvalName, decideCommands } from './decide-commands.ts';
import { parseJsonValue } from './json-value.ts';
import { quoted } from './quoted.ts';
import { status } from './status.ts';
import { fields, own, table } from './table.ts';
import type { Field } from './table.ts';
import { absolute, relative } from './time.ts';

export function approvalTable(terminal: Terminal, approvals: readonly Approval[], nowMs: number): string {
  const rows = approvals.map((approval) => [
    own(approvalName(approval)),
    own(status(terminal, approval.status)),
    approval.tool.name,
    approval.agent,
    approval.requester,
    approval.risk,
    own(approval.status === 'pending' ? relative(approval.decideBy, nowMs) : ''),
  ]);
  return table(terminal, ['APPROVAL', 'STATUS', 'TOOL', 'AGENT', 'FOR', 'RISK', 'EXPIRES'], rows);
}

export function approvalScreen(terminal: Terminal, approval: Approval, nowMs: number): string {
  const { tool, rule, decision } = approval;
  const layer = rule.layer === null ? '' : ` (${rule.layer})`;
  const facts: Field[] = [
    ['Approval', approval.approvalId],
    ['Status', own(status(terminal, approval.status))],
    ['Tool', own(terminal.style('bold', presentInline(tool.name)))],
    ...(tool.description === undefined ? [] : [['', tool.description] as const]),
    ...(tool.source === undefined ? [] : [['Source', tool.source] as const]),
    ['Effect', EFFECTS[tool.effect ?? 'once']],
    ['Asked by', `agent ${approval.path.join(' › ')}, turn ${approval.turn}`],
    ['For', approval.requester],
    ['Run', approval.runId],
    ['Rule', `${rule.id}${layer}: ${rule.reason}`],
    ['Risk', own(approval.risk === 'low' ? approval.risk : terminal.style('bold', presentInline(approval.risk)))],
    ['Approvers', approversOf(approval)],
    ['Requested', own(moment(approval.requestedAt, nowMs))],
    [
      'Decide by',
      own(`${terminal.style('bold', moment(approval.decideBy, nowMs))}, then: ${presentInline(approval.onExpire)}`),
    ],
    ...(approval.executeBy === null ? [] : [['Execute by', own(moment(approval.executeBy, nowMs))] as const]),
    ['Decisions', approval.allowedDecisions.join(', ')],
    ['Revision', String(approval.revision)],
    ['Digest', approval.digest],
    ...(decision ? decisionFields(decision, nowMs) : []),
  ];
  const parts = [
    fields(terminal, facts),
    `${terminal.style('bold', 'Arguments')}, ${approval.argumentsBytes} bytes: exactly what the tool receives`,
    argumentsBlock(terminal, approval),
  ];
  if (decision && decision.reason !== null) {
    parts.push(`${terminal.style('bold', 'Reason')}\n${quoted(decision.reason, terminal.columns)}`);
  }
  return parts.join('\n\n');
}

/** What the reader may do now, as commands to paste, or why they may not. */
export function decideHints(terminal: Terminal, approval: Approval): string {
  const { canDecide, why } = approval.viewer;
  if (!canDecide) return `You cannot decide this: ${presentInline(why?.detail ?? 'it is not open.')}`;
  return [terminal.style('bold', 'To decide'), ...decideCommands(approval).map((line) => `  ${line}`)].join('\n');
}

const EFFECTS = {
  none: 'none: changes nothing',
  idempotent: 'idempotent: may be repeated under the same key without harm',
  once: 'once: is started at most once',
} as const;

const moment = (timestamp: string, nowMs: number): string => `${absolute(timestamp)} (${relative(timestamp, nowMs)})`;

const decisionFields = (decision: NonNullable<Approval['decision']>, nowMs: number): Field[] => [
  ['Decision', `${decision.decision} by ${decision.principal}, through ${decision.channel}`],
  ['Decided', own(moment(decision.decidedAt, nowMs))],
];

function argumentsBlock(terminal: Terminal, approval: Approval): string {
  const value = parseJsonValue(approval.arguments);
  if (value === undefined) {
    return terminal.style('red', 'They cannot be shown: the store does not have them any more. Do not approve this.');
  }
  return presentValue(value, { columns: terminal.columns });
}

function approversOf({ approverRules }: Approval): string {
  const rules = approverRules.map(({ groups = [], users = [], notRequester, reasonRequired }) => {
    const named = [...groups.map((group) => `group ${group}`), ...users];
    const who = named.length === 0 ? 'any approver' : named.join(' or ');
    return [who, ...(notRequester ? ['not the requester'] : []), ...(reasonRequired ? ['with a reason'] : [])].join(
      ', ',
    );
  });
  return rules.length === 0 ? 'any approver of the project' : rules.join('; and ');
}
