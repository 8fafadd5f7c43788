/**
 * Holds an exported run against what Temporal remembers of it: whoever can change one of the two can seldom change the
 * other. Signals against signed commands, scheduled tool calls against those that the events tell of.
 */
import { z } from 'zod';
import { verifyCommand } from '../core/attestation.ts';
import type { Trust } from '../core/attestation.ts';
import { effectKey, workflowId } from '../core/ids.ts';
import { SignedCommand } from '../schemas/command.ts';
import type { StoredEvent } from '../schemas/event.ts';
import type { RunHeader } from './export-lines.ts';
import type { Findings } from './report.ts';
import { isSame } from './signed-commands.ts';
import type { CheckedCommand } from './signed-commands.ts';
import type { WorkflowHistory } from './workflow-history.ts';

const WORKFLOW_TYPE = 'agentRun';
const TOOL_ACTIVITY = 'runTool';
/** Activities that a run schedules beside its tools. */
const OTHER_ACTIVITIES: readonly string[] = ['callModel', 'flush', 'flushLocally'];
/** Obeyed without a signature, since they only tighten. */
const UNSIGNED: readonly string[] = ['cancel', 'block', 'recheck'];

const StartArgument = z.object({ start: SignedCommand, anchors: z.array(z.string()), audience: z.string() });
const ToolArgument = z.object({
  toolCallId: z.string(),
  tool: z.string(),
  revision: z.number(),
  basis: z.string(),
  digest: z.string(),
});

export interface ComparedRun {
  readonly header: RunHeader;
  readonly runId: string;
  readonly events: readonly StoredEvent[];
  readonly commands: ReadonlyMap<string, CheckedCommand>;
  readonly trust: Trust;
}

export interface ComparedCounts {
  readonly executions: number;
  readonly signals: number;
  readonly toolActivities: number;
}

interface Outcome {
  readonly faults: Findings;
  readonly notes: Findings;
}

/** Each scheduled tool call and each that the events tell of, once for each time. */
const countBy = (names: readonly string[]): ReadonlyMap<string, number> =>
  names.reduce((counts, name) => counts.set(name, (counts.get(name) ?? 0) + 1), new Map<string, number>());

const nameOfCall = (call: {
  readonly effectKey: string;
  readonly tool: string;
  readonly basis: string;
  readonly digest: string;
}) => `${call.tool} ${call.effectKey} by ${call.basis} with ${call.digest}`;

export const compareHistory = (
  run: ComparedRun,
  history: WorkflowHistory,
  { faults, notes }: Outcome,
): ComparedCounts => {
  const { header, runId } = run;
  const id = workflowId({ tenant: header.tenant, project: header.project, runId });
  if (history.workflowId !== id)
    faults.add('other_workflow', `the history is that of ${history.workflowId}, not ${id}`);
  if (history.executions.length === 0) {
    faults.add('no_history', `Temporal does not know ${id}, or no longer: its retention may have passed`);
  }
  checkStarts(run, history, faults);
  const signals = history.executions.flatMap((execution) => execution.signals);
  checkSignals(run, signals, { faults, notes });
  const tools = checkActivities(run, history, faults);
  const last = history.executions.at(-1);
  if (last && !['running', 'completed', 'failed'].includes(last.end)) {
    notes.add('ended_from_outside', `Temporal says that the run was ${last.end}`);
  }
  return { executions: history.executions.length, signals: signals.length, toolActivities: tools };
};

const checkStarts = (
  { commands, runId, trust }: ComparedRun,
  { executions }: WorkflowHistory,
  faults: Findings,
): void => {
  const start = [...commands.values()].find(({ command }) => command.type === 'start' && command.runId === runId);
  for (const { executionId, workflowType, argument } of executions) {
    const fault = (code: string, detail: string) => faults.add(code, `execution ${executionId}: ${detail}`);
    if (workflowType !== WORKFLOW_TYPE) fault('other_workflow_type', `it is a ${workflowType}`);
    const parsed = StartArgument.safeParse(argument);
    if (!parsed.success) fault('unreadable_input', 'what it was started with is not readable');
    else {
      const { anchors, audience, start: signed } = parsed.data;
      if (!start || signed.bytes !== start.line.bytes || signed.jws !== start.line.jws)
        fault('other_start', 'it was started by another command than the one in the file');
      if (audience !== trust.audience || !isSame([...anchors].toSorted(), [...trust.anchors].toSorted()))
        fault('other_anchors', 'it trusts other keys than those given');
    }
  }
};

const checkSignals = (
  { commands, header, runId, trust }: ComparedRun,
  signals: WorkflowHistory['executions'][number]['signals'],
  { faults, notes }: Outcome,
): void => {
  const delivered = new Set<string>();
  for (const { name, argument } of signals) {
    const signed = SignedCommand.safeParse(argument).data;
    const answer = signed && verifyCommand(signed, trust, { tenant: header.tenant, project: header.project, runId });
    if (!answer?.ok) {
      const what = UNSIGNED.includes(name) ? 'unsigned_signal' : 'ignored_signal';
      notes.add(what, `a ${name} signal came without a signature that holds (${answer ? answer.code : 'none'})`);
      continue;
    }
    const { jti } = answer.claims;
    delivered.add(jti);
    if (!commands.has(jti)) {
      faults.add('command_removed', `Temporal received ${name} ${jti}, signed, and the file does not have it`);
    }
  }
  for (const { command, line } of commands.values()) {
    if (command.type === 'start' || command.type === 'grant' || command.runId !== runId) continue;
    if (delivered.has(line.signatureId)) continue;
    notes.add('never_delivered', `${command.type} ${line.signatureId} was signed, and Temporal never received it`);
  }
};

/** Both ways: a call that was dispatched and is not told, and one that is told and was never dispatched. */
const checkActivities = ({ events, runId }: ComparedRun, { executions }: WorkflowHistory, faults: Findings): number => {
  const activities = executions.flatMap((execution) => execution.activities);
  const scheduled: string[] = [];
  for (const { type, argument } of activities) {
    if (type === TOOL_ACTIVITY) {
      const call = ToolArgument.safeParse(argument).data;
      if (call) scheduled.push(nameOfCall({ ...call, effectKey: effectKey(runId, call.toolCallId, call.revision) }));
      else faults.add('unreadable_input', 'the input of a tool activity is not readable');
    } else if (!OTHER_ACTIVITIES.includes(type)) {
      faults.add('other_activity', `an activity ${type} was scheduled`);
    }
  }
  const told = events.flatMap(({ type, data, runId: of }) => {
    const started = type === 'tool.started' && of === runId ? Started.safeParse(data).data : undefined;
    return started ? [nameOfCall(started)] : [];
  });
  const [inTemporal, inFile] = [countBy(scheduled), countBy(told)];
  for (const [name, count] of inTemporal) {
    const missing = count - (inFile.get(name) ?? 0);
    if (missing > 0)
      faults.add('dispatch_removed', `Temporal scheduled ${name} ${count} times, the file has ${count - missing}`);
  }
  for (const [name, count] of inFile) {
    const missing = count - (inTemporal.get(name) ?? 0);
    if (missing > 0)
      faults.add('dispatch_invented', `the file has ${name} ${count} times, Temporal scheduled ${count - missing}`);
  }
  return scheduled.length;
};

const Started = z.object({ tool: z.string(), effectKey: z.string(), basis: z.string(), digest: z.string() });
