/** An approval with everything a person must see to consent. All words of models, tools and people are made visible. */
import type { Approval } from '../../contract/approvals.ts';
import type { RunDetail } from '../../contract/runs.ts';
import { presentValue } from '../../domain/present/present-value.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Terminal } from '../terminal.ts';
import { approverFields, progressCell, voteFields } from './approvers.ts';
import { approvalName, decideCommands, tendCommands } from './decide-commands.ts';
import { decisionBlocks, decisionSentence } from './decision.ts';
import { difference } from './difference.ts';
import { jsonOf, parseJsonValue } from './json-value.ts';
import { questionBlock } from './question.ts';
import { status } from './status.ts';
import { fields, own, table } from './table.ts';
import type { Field } from './table.ts';
import { absolute, duration, relative } from './time.ts';

export function approvalTable(terminal: Terminal, approvals: readonly Approval[], nowMs: number): string {
  const rows = approvals.map((approval) => [
    own(approvalName(approval)),
    own(status(terminal, approval.status)),
    approval.tool.name,
    approval.agent,
    approval.requester,
    approval.risk,
    own(progressCell(approval)),
    approval.claim?.by ?? '',
    own(approval.status === 'pending' ? relative(approval.decideBy, nowMs) : ''),
  ]);
  const headings = ['APPROVAL', 'STATUS', 'TOOL', 'AGENT', 'FOR', 'RISK', 'VOTES', 'CLAIMED', 'EXPIRES'];
  return table(terminal, ...withoutEmpty(headings, rows));
}

/** Columns that no row has anything in are left out. */
function withoutEmpty<C extends string | { readonly own: string }>(
  headings: readonly string[],
  rows: readonly (readonly C[])[],
): [string[], C[][]] {
  const isFilled = headings.map((_, at) => rows.some((row) => (typeof row[at] === 'string' ? row[at] : row[at]?.own)));
  const kept = <T>(cells: readonly T[]): T[] => cells.filter((_, at) => isFilled[at]);
  return [kept(headings), rows.map(kept)];
}

/** What else of the run a person should see. */
export interface ApprovalContext {
  /** The request that this one revises. */
  readonly superseded?: Approval;
  /** Of the run, where the decision may set some of it. */
  readonly state?: RunDetail['state'];
}

export function approvalScreen(
  terminal: Terminal,
  approval: Approval,
  nowMs: number,
  { superseded, state }: ApprovalContext = {},
): string {
  const { tool, rule, decision, question } = approval;
  const layer = rule.layer === null ? '' : ` (${rule.layer})`;
  const facts: Field[] = [
    ['Approval', approval.approvalId],
    ['Status', own(statusText(terminal, approval))],
    ...claimFields(approval, nowMs),
    ['Tool', own(terminal.style('bold', presentInline(tool.name)))],
    ...(tool.description === undefined ? [] : [['', tool.description] as const]),
    ...(tool.source === undefined ? [] : [['Source', tool.source] as const]),
    ['Effect', EFFECTS[tool.effect ?? 'once']],
    ...(tool.credential === undefined ? [] : [['Credential', tool.credential] as const]),
    ['Asked by', `agent ${approval.path.join(' › ')}, turn ${approval.turn}`],
    ['For', approval.requester],
    ...contributorFields(approval),
    ['Run', approval.runId],
    ['Rule', `${rule.id}${layer}: ${rule.reason}`],
    ['Risk', own(approval.risk === 'low' ? approval.risk : terminal.style('bold', presentInline(approval.risk)))],
    ...approverFields(approval),
    ...voteFields(approval, nowMs),
    ['Requested', own(moment(approval.requestedAt, nowMs))],
    ...clockFields(terminal, approval, nowMs),
    ['Decisions', approval.allowedDecisions.join(', ')],
    ...(approval.status === 'pending' ? boundFields(approval) : []),
    ...revisionFields(approval),
    ['Digest', approval.digest],
    ...(decision ? decisionFields(decision, nowMs) : []),
  ];
  return [
    fields(terminal, facts),
    ...(superseded?.decision ? decisionBlocks(terminal, superseded.decision, 'What was to change') : []),
    ...(question ? [questionBlock(terminal, question)] : [argumentsBlock(terminal, approval)]),
    ...differenceBlock(terminal, approval),
    ...(state ? [stateBlock(terminal, state)] : []),
    ...approval.votes.flatMap((vote) => decisionBlocks(terminal, vote, `Reason of ${presentInline(vote.principal)}`)),
    ...(decision ? decisionBlocks(terminal, decision) : []),
  ].join('\n\n');
}

/** What the reader may do now, as commands to paste, or why they may not. */
export function decideHints(terminal: Terminal, approval: Approval): string {
  const { canDecide, why, vote } = approval.viewer;
  const blocks = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [[terminal.style('bold', title), ...lines.map((line) => `  ${line}`)].join('\n')];
  const voted = vote === null ? '' : ` Your vote: ${presentInline(vote)}.`;
  return [
    ...(canDecide
      ? blocks('To decide', decideCommands(approval))
      : [`You cannot decide this: ${presentInline(why?.detail ?? 'it is not open.')}${voted}`]),
    ...blocks('You may also', tendCommands(approval)),
  ].join('\n\n');
}

const EFFECTS = {
  none: 'none: changes nothing',
  idempotent: 'idempotent: may be repeated under the same key without harm',
  once: 'once: is started at most once',
} as const;

const moment = (timestamp: string, nowMs: number): string => `${absolute(timestamp)} (${relative(timestamp, nowMs)})`;

const statusText = (terminal: Terminal, approval: Approval): string =>
  `${status(terminal, approval.status)}${approval.expiring ? terminal.style('red', ', the deadline is near') : ''}`;

/** Whose words or values are in the run beside the requester's: the rule may count them like the requester. */
function contributorFields({ contributors, requester }: Approval): Field[] {
  const others = contributors.filter((principal) => principal !== requester);
  return others.length === 0 ? [] : [['Words of', others.join(', ')]];
}

const claimFields = ({ claim }: Approval, nowMs: number): Field[] =>
  claim ? [['Claimed', `by ${claim.by}, until ${moment(claim.until, nowMs)}`]] : [];

function clockFields(terminal: Terminal, approval: Approval, nowMs: number): Field[] {
  const { decideBy, onExpire, escalated, reminders, executeBy } = approval;
  const deadline = `${terminal.style('bold', moment(decideBy, nowMs))}, then: ${presentInline(onExpire)}`;
  return [
    ['Decide by', own(deadline)],
    ...(reminders === 0 ? [] : [['', own(`reminded ${reminders} times`)] as const]),
    ...(escalated === null
      ? []
      : [['Escalated', own(`to step ${escalated} of its ladder: the approvers above`)] as const]),
    ...(executeBy === null ? [] : [['Execute by', own(moment(executeBy, nowMs))] as const]),
  ];
}

/** What may come with a decision, and by which way. */
function boundFields({ channels, batch, grantable, stateEditable }: Approval): Field[] {
  return [
    ...(channels === null ? [] : [['Channels', channels.join(', ')] as const]),
    ...(batch === null ? [] : [['Together', own('runs only if every such call of this turn is approved')] as const]),
    ...(grantable === null
      ? []
      : [
          [
            'Remember',
            `for the ${grantable.scopes.join(' or ')}: at most ${duration(grantable.maxTtlMs)} and ${grantable.maxUses} calls`,
          ] as const,
        ]),
    ...(stateEditable.length === 0 ? [] : [['May set', `${stateEditable.join(', ')} of the run's state`] as const]),
  ];
}

function revisionFields({ revision, editor, supersedes, supersededBy, approvalId }: Approval): Field[] {
  const by = editor === null ? '' : `, by an edit of ${editor}`;
  return [
    ['Revision', `${revision}${by}`],
    ...(supersedes === null || supersedes === approvalId ? [] : [['Revises', supersedes] as const]),
    ...(supersededBy === null ? [] : [['Revised by', supersededBy] as const]),
  ];
}

const decisionFields = (decision: NonNullable<Approval['decision']>, nowMs: number): Field[] => [
  ['Decision', decisionSentence(decision)],
  ['Decided', own(moment(decision.decidedAt, nowMs))],
];

function argumentsBlock(terminal: Terminal, approval: Approval): string {
  const title = `${terminal.style('bold', 'Arguments')}, ${approval.argumentsBytes} bytes: exactly what the tool receives`;
  const value = parseJsonValue(approval.arguments);
  const lost = 'They cannot be shown: the store does not have them any more. Do not approve this.';
  const shown = value === undefined ? terminal.style('red', lost) : presentValue(value, { columns: terminal.columns });
  return `${title}\n\n${shown}`;
}

function differenceBlock(terminal: Terminal, approval: Approval): readonly string[] {
  const before = parseJsonValue(approval.previousArguments);
  const after = parseJsonValue(approval.arguments);
  if (before === undefined || after === undefined) return [];
  const title = `${terminal.style('bold', 'Changed')} since the revision before`;
  return [`${title}\n\n${difference(terminal, before, after)}`];
}

const stateBlock = (terminal: Terminal, state: object): string =>
  `${terminal.style('bold', 'State')} of the run\n\n${presentValue(jsonOf(state), { columns: terminal.columns })}`;
