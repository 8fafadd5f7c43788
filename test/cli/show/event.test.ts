import { expect, test } from 'vitest';
import { eventLine } from '../../../src/cli/show/event.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import type { RunEventView } from '../../../src/contract/events.ts';

const terminal: Terminal = {
  print: () => {},
  write: () => {},
  note: () => {},
  style: (_style, text) => text,
  columns: 300,
  isInteractive: false,
  isTerminal: false,
  ask: async () => undefined,
};

const runId = `run_${'a'.repeat(26)}`;
const approvalId = `tool-approval:${runId}:call_1_0`;
const digest = `sha256:${'0'.repeat(64)}`;
const blob = { sha256: '0'.repeat(64), bytes: 2 };
const actor = { principal: 'anna', kind: 'person', groups: [], credentialId: 'c' };
const signed = { actor, channel: 'api', signatureId: 's' };
const approval = { approvalId, revision: 1 };
const decision = { ...approval, decisionId: 'd' };
const call = { toolCallId: 'call_1_0', tool: 'refund' };
const TASK_ID = `task_${'a'.repeat(26)}`;
const atMs = Date.parse('2026-03-14T09:00:00Z');

const line = (type: string, data: object, content?: RunEventView['content']): string => {
  const view = { seq: 7, runId, path: ['helper'], type, at: new Date(atMs).toISOString(), data, hash: '', content };
  return eventLine(terminal, view as RunEventView).replace(/^[\d:]+ +#7 +\S+ */, '');
};

test.each<[string, object, RunEventView['content'], string | RegExp]>([
  ['run.blocked', { code: 'blocked', detail: 'Somebody.', actor }, { reason: 'Stop.' }, 'blocked by anna: Stop.'],
  [
    'run.blocked',
    { code: 'drift', detail: 'It changed.', toolCallId: 'call_1_0' },
    {},
    'drift (call_1_0): It changed.',
  ],
  ['run.unblocked', { ...signed, commandId: 'c', noteRef: blob, answers: [] }, { note: 'Go.' }, 'by anna: Go.'],
  ['approval.vote_recorded', { ...decision, ...signed, decision: 'approve', digest }, {}, /^approve by anna, others/],
  [
    'approval.decided',
    {
      ...decision,
      ...signed,
      decision: 'respond',
      status: 'answered',
      digest,
      statePaths: ['a.b'],
      grantId: 'grant_x',
    },
    { reason: 'So.' },
    'answered (respond) by anna, sets a.b, with grant grant_x: So.',
  ],
  ['approval.expiring', { ...approval, decideBy: atMs }, {}, / at 2026-03-14 /],
  ['approval.reminded', { ...approval, reminder: 2, decideBy: atMs }, {}, /, reminder 2, until /],
  ['approval.extended', { ...approval, ...signed, commandId: 'c', decideBy: atMs }, {}, / by anna$/],
  ['approval.escalated', { ...approval, step: 1, decideBy: atMs }, {}, / to step 1, until /],
  ['approval.reopened', { ...approval, decideBy: atMs }, {}, / until /],
  ['approval.shown', { ...approval, actor, channel: 'api', digest }, {}, `${approvalId} to anna`],
  ['approval.claimed', { ...approval, actor, until: atMs, forced: true }, {}, /by anna until .+, taken over$/],
  ['approval.released', { ...approval, actor }, {}, `${approvalId} by anna`],
  ['approval.expired', { ...approval, outcome: 'block' }, {}, `${approvalId}, then: block`],
  ['message.received', { ...signed, commandId: 'c', textRef: blob }, { text: 'Hi.' }, 'by anna: Hi.'],
  [
    'text.guarded',
    { guard: 'pii', action: 'redact', where: 'state_edits', count: 2, subjectId: 'dec_a', actor },
    {},
    'pii: redact, 2 in the state edits',
  ],
  ['command.refused', { command: 'unblock', commandId: 'c', code: 'not_blocked' }, {}, 'unblock: not_blocked'],
  ['tool.completed', { ...call, resultRef: blob, suppliedBy: 'person' }, {}, /with a result that a person gave$/],
  ['tool.progress', { ...call, progress: 2, total: 5 }, {}, /2 of 5/],
  ['tool.held', { ...call, code: 'braked', brakeId: 'brk_x' }, {}, /by brake brk_x/],
  [
    'tool.queued',
    { ...call, taskId: TASK_ID, taskQueue: 'bank', startBy: atMs },
    {},
    /for a worker on bank, at most until /,
  ],
  ['tool.claimed', { ...call, taskId: TASK_ID, actor, until: atMs }, {}, /by anna, who has until /],
  [
    'brake.bypassed',
    { ...call, brakeId: 'brk_x', bypassId: 'byp_x' },
    {},
    'refund (call_1_0) passes brake brk_x by byp_x',
  ],
  [
    'grant.used',
    { ...call, grantId: 'grant_x', uses: 7, maxUses: 10 },
    {},
    'refund (call_1_0) by grant_x, used 7 of 10',
  ],
  [
    'effect.resolved',
    { ...call, ...signed, commandId: 'c', effectKey: 'k', epoch: 1, resolution: 'retry', reasonRef: blob },
    { reason: 'Again.' },
    'refund (call_1_0): retry by anna: Again.',
  ],
  ['effect.rechecked', call, {}, 'refund (call_1_0)'],
  ['effect.late', { ...call, effectKey: 'k', epoch: 1, outcome: 'completed' }, {}, /attempt 1 has reported after all/],
  ['something.newer', { a: 'x', b: 2, c: {} }, {}, 'x 2'],
])('%s is told in a sentence', (type, data, content, said) => {
  if (typeof said === 'string') expect(line(type, data, content)).toBe(said);
  else expect(line(type, data, content)).toMatch(said);
});

test("words of people are made visible, and an event's line stays one", () => {
  const data = { code: 'blocked', detail: 'x', actor };
  const said = line('run.blocked', data, { reason: 'No\u202e\u001b[31m\nDigest' });
  expect(said).toBe('blocked by anna: No⟨U+202E⟩⟨U+001B⟩[31m⏎Digest');
});

test('S1.15 the event of a sub-run says whose it is', () => {
  const view = {
    seq: 7,
    runId,
    path: ['desk', 'clerk', 'cashier'],
    type: 'turn.started',
    at: new Date(atMs).toISOString(),
    data: { turn: 2 },
    hash: '',
  };
  expect(eventLine(terminal, view)).toMatch(/turn\.started +\[clerk > cashier\] turn 2$/);
});
