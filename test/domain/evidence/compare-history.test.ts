import { expect, test } from 'vitest';
import { compareHistory } from '../../../src/domain/evidence/compare-history.ts';
import type { EventLine } from '../../../src/domain/evidence/export-lines.ts';
import { Findings } from '../../../src/domain/evidence/report.ts';
import { ExportVerifier } from '../../../src/domain/evidence/verify-export.ts';
import type { WorkflowExecution } from '../../../src/domain/evidence/workflow-history.ts';
import type { StoredEvent } from '../../../src/domain/schemas/event.ts';
import { RUN_ID, call, digest, verdict } from '../../support/core.ts';
import { signedRun, trust } from './signed-run.ts';

const run = signedRun();
run.asks(call(1, 0, verdict('ask')));
run.decides('call_1_0', 'approve');
run.dispatches('call_1_0');
run.settles('call_1_0');
run.finishes();
const lines = run.export();
const signed = (type: string) => {
  const line = lines.find((text) => text.startsWith('{"type":"command"') && text.includes(`\\"type\\":\\"${type}\\"`));
  const { bytes, jws } = JSON.parse(line ?? '') as { bytes: string; jws: string };
  return { bytes, jws };
};

const TOOL = { toolCallId: 'call_1_0', tool: 'write_file', revision: 1, basis: 'consent', digest: digest('1-0') };
const execution: WorkflowExecution = {
  executionId: 'one',
  workflowType: 'agentRun',
  argument: { start: signed('start'), anchors: trust.anchors, audience: trust.audience },
  signals: [{ name: 'decide', argument: signed('decide') }],
  activities: [
    { type: 'callModel', argument: {} },
    { type: 'runTool', argument: TOOL },
  ],
  end: 'completed',
};

const compare = (executions: readonly WorkflowExecution[], workflowId = `acme/web/${RUN_ID}`) => {
  const events: StoredEvent[] = [];
  const verifier = new ExportVerifier({ trust, onEvent: ({ event }) => void (event && events.push(event)) });
  for (const line of lines) verifier.line(line);
  const { report, commands } = verifier.finish();
  if (report.header?.kind !== 'run') throw new Error('It must be the export of a run.');
  const [faults, notes] = [new Findings(), new Findings()];
  const subject = { header: report.header, runId: RUN_ID, events, commands, trust };
  const counts = compareHistory(subject, { workflowId, executions: [...executions] }, { faults, notes });
  const codes = (found: Findings) => found.list().map(({ code }) => code);
  return { counts, faults: codes(faults), notes: codes(notes) };
};

test('what Temporal remembers and the file are one', () => {
  expect(lines.some((line) => (JSON.parse(line) as EventLine).type === 'event')).toBe(true);
  expect(compare([execution])).toEqual({
    counts: { executions: 1, signals: 1, toolActivities: 1 },
    faults: [],
    notes: [],
  });
});

const tool = (change: object) => [{ type: 'runTool', argument: { ...TOOL, ...change } }];

test.each<[string, Partial<WorkflowExecution>, string[]]>([
  ['another type of workflow', { workflowType: 'evil' }, ['other_workflow_type']],
  ['another start', { argument: { ...(execution.argument as object), start: signed('decide') } }, ['other_start']],
  ['other keys', { argument: { ...(execution.argument as object), anchors: ['A'] } }, ['other_anchors']],
  ['a start that nobody can read', { argument: 7 }, ['unreadable_input']],
  [
    'a call that the file does not tell of',
    { activities: [...execution.activities, ...tool({ toolCallId: 'call_1_1' })] },
    ['dispatch_removed'],
  ],
  [
    'a call that was dispatched twice, and told once',
    { activities: [...execution.activities, ...tool({})] },
    ['dispatch_removed'],
  ],
  ['a call that only the file tells of', { activities: [] }, ['dispatch_invented']],
  [
    'a call with other arguments',
    { activities: tool({ digest: digest('other') }) },
    ['dispatch_removed', 'dispatch_invented'],
  ],
  ['a call for another reason', { activities: tool({ basis: 'rule' }) }, ['dispatch_removed', 'dispatch_invented']],
  [
    'an activity that no run of ours has',
    { activities: [...execution.activities, { type: 'evil', argument: {} }] },
    ['other_activity'],
  ],
])('%s', (_, change, faults) => {
  expect(compare([{ ...execution, ...change }]).faults).toEqual(faults);
});

test('no history at all, or that of another run', () => {
  expect(compare([]).faults).toEqual(expect.arrayContaining(['no_history']));
  expect(compare([execution], 'acme/web/other').faults).toEqual(['other_workflow']);
});

test('signals without a signature are noted, and so is a command that never arrived', () => {
  const signals = [
    { name: 'cancel', argument: undefined },
    { name: 'decide', argument: { ...signed('decide'), bytes: '{}' } },
  ];
  expect(compare([{ ...execution, signals }])).toMatchObject({
    faults: [],
    notes: ['unsigned_signal', 'ignored_signal', 'never_delivered'],
  });
});

test('a run that was terminated is noted', () => {
  expect(compare([{ ...execution, end: 'terminated' }]).notes).toEqual(['ended_from_outside']);
});
