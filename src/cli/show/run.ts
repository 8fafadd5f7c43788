import type { Approval } from '../../contract/approvals.ts';
import type { Artifact } from '../../contract/artifacts.ts';
import type { Run, RunDetail } from '../../contract/runs.ts';
import { presentValue } from '../../domain/present/present-value.ts';
import type { Terminal } from '../terminal.ts';
import { approvalTable } from './approval.ts';
import { attentionBlock } from './attention.ts';
import { showCommand } from './decide-commands.ts';
import { jsonOf } from './json-value.ts';
import { quoted } from './quoted.ts';
import { status } from './status.ts';
import { fields, own, table } from './table.ts';
import type { Field } from './table.ts';
import { absolute, relative } from './time.ts';
import { usageText } from './usage.ts';

export function runTable(terminal: Terminal, runs: readonly Run[], nowMs: number): string {
  const rows = runs.map((run) => [
    own(run.runId),
    own(status(terminal, run.status)),
    run.agent,
    run.requester,
    own(relative(run.createdAt, nowMs)),
  ]);
  return table(terminal, ['RUN', 'STATUS', 'AGENT', 'FOR', 'STARTED'], rows);
}

export interface RunWithContext {
  readonly run: RunDetail;
  readonly pending: readonly Approval[];
  readonly artifacts: readonly Artifact[];
  /** All runs of its tree, newest first. */
  readonly tree: readonly Run[];
}

/** The runs that this one and those below it have called, each under its caller. */
function below(tree: readonly Run[], runId: string): readonly Run[] {
  const called = tree.filter(({ parent }) => parent?.runId === runId).toReversed();
  return called.flatMap((one) => [one, ...below(tree, one.runId)]);
}

export function runScreen(
  terminal: Terminal,
  { run, pending, artifacts, tree }: RunWithContext,
  nowMs: number,
): string {
  const labels = Object.entries(run.labels).map(([name, value]) => `${name}=${value}`);
  const moment = (timestamp: string) => own(`${absolute(timestamp)} (${relative(timestamp, nowMs)})`);
  const facts: Field[] = [
    ['Run', run.runId],
    ['Status', own(status(terminal, run.status))],
    ...(run.failure ? [['Failure', `${run.failure.code}: ${run.failure.detail}`] as const] : []),
    ...(run.cancelRequested && run.endedAt === null ? [['', own('cancellation requested')] as const] : []),
    ...(run.replacedBy === null ? [] : [['Replaced by', run.replacedBy] as const]),
    ...(run.queuedSince === null ? [] : [['Waits its turn', moment(run.queuedSince)] as const]),
    ['Agent', run.agent],
    ['', run.agentDigest],
    ['Execution', run.execution],
    ...(run.agents.length < 2 ? [] : [['Handed over', run.agents.map(({ agent }) => agent).join(' > ')] as const]),
    ...(run.parent === null
      ? []
      : [
          ['Path', run.path.join(' > ')] as const,
          ['Called by', `${run.parent.runId} (${run.parent.toolCallId})`] as const,
        ]),
    ['For', run.requester],
    ...(run.conversationId === null ? [] : [['Conversation', run.conversationId] as const]),
    ...(labels.length === 0 ? [] : [['Labels', labels.join(', ')] as const]),
    ['Started', moment(run.createdAt)],
    ...(run.endedAt === null ? [] : [['Ended', moment(run.endedAt)] as const]),
    ...(run.actions.length === 0 ? [] : [['Allowed', run.actions.join(', ')] as const]),
    ...(run.usage.inputTokens + run.usage.outputTokens > 0 ? [['Used', usageText(run.usage)] as const] : []),
    ['Events', String(run.eventSeq)],
    ['Chain head', run.headHash],
  ];
  const heading = (text: string) => terminal.style('bold', text);
  const parts = [fields(terminal, facts)];
  if (run.input !== null) parts.push(`${heading('Input')}\n${quoted(run.input, terminal.columns)}`);
  if (run.output !== null) parts.push(`${heading('Output')}\n${quoted(run.output, terminal.columns)}`);
  if (run.state !== null && Object.keys(run.state).length > 0) {
    parts.push(`${heading('State')}\n${presentValue(jsonOf(run.state), { columns: terminal.columns })}`);
  }
  const called = below(tree, run.runId);
  if (called.length > 0) {
    const rows = called.map((one) => [
      `${'  '.repeat(one.path.length - run.path.length - 1)}${one.agent}`,
      own(status(terminal, one.status)),
      own(one.runId),
    ]);
    parts.push(table(terminal, ['AGENT CALLED', 'STATUS', 'RUN'], rows));
  }
  parts.push(...run.attentions.map((attention) => attentionBlock(terminal, run, attention, nowMs)));
  if (pending.length > 0) {
    const look = pending.map((approval) => `  ${showCommand(approval)}`).join('\n');
    parts.push(`${heading('Waits for consent')}\n${approvalTable(terminal, pending, nowMs)}\n\n${look}`);
  }
  if (artifacts.length > 0) {
    const rows = artifacts.map(({ path, bytes, sha256 }) => [path, own(String(bytes)), own(sha256)]);
    parts.push(table(terminal, ['ARTIFACT', 'BYTES', 'SHA-256'], rows));
  }
  return parts.join('\n\n');
}
