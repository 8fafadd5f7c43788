/** What an auditor makes of the start of a sub-run, which nobody has signed. */
import { expect, test } from 'vitest';
import { subRunId } from '../../../src/domain/core/ids.ts';
import { Findings } from '../../../src/domain/evidence/report.ts';
import { SubRunTrail } from '../../../src/domain/evidence/sub-run-trail.ts';
import type { RunEvent } from '../../../src/domain/schemas/event.ts';
import { RUN_ID, call, digest, ref, verdict } from '../../support/core.ts';

const started = (change: object = {}): RunEvent => ({
  type: 'run.started',
  at: 1,
  data: {
    agent: 'desk',
    agentDigest: digest('a'),
    policyDigest: digest('p'),
    requester: { principal: 'rita', groups: [] },
    inputRef: ref('i'),
    ...change,
  },
});
const asked = (role?: 'agent'): RunEvent => ({
  type: 'message.completed',
  at: 2,
  data: {
    turn: 1,
    messageRef: ref('m'),
    finishReason: 'tool-calls',
    calls: [call(1, 0, verdict('allow'), role ? { role } : {})],
  },
});
const dispatched: RunEvent = {
  type: 'tool.started',
  at: 3,
  data: { toolCallId: 'call_1_0', tool: 'clerk', basis: 'rule', effectKey: 'k', digest: digest('d') },
};
const CHILD = subRunId(RUN_ID, RUN_ID, 'call_1_0');
const below = (change: object = {}) =>
  started({ agent: 'clerk', parentRunId: RUN_ID, toolCallId: 'call_1_0', ...change });

test.each<[string, readonly [string, RunEvent][], number]>([
  [
    'follows from its call',
    [
      [RUN_ID, started()],
      [RUN_ID, asked('agent')],
      [RUN_ID, dispatched],
      [CHILD, below()],
    ],
    0,
  ],
  [
    'has another id',
    [
      [RUN_ID, started()],
      [RUN_ID, asked('agent')],
      [RUN_ID, dispatched],
      [`${CHILD.slice(0, -1)}x`, below()],
    ],
    1,
  ],
  [
    'was not called by an agent',
    [
      [RUN_ID, started()],
      [RUN_ID, asked()],
      [RUN_ID, dispatched],
      [CHILD, below()],
    ],
    1,
  ],
  [
    'began before its call was let go',
    [
      [RUN_ID, started()],
      [RUN_ID, asked('agent')],
      [CHILD, below()],
    ],
    1,
  ],
  [
    'is for somebody else',
    [
      [RUN_ID, started()],
      [RUN_ID, asked('agent')],
      [RUN_ID, dispatched],
      [CHILD, below({ requester: { principal: 'eve', groups: [] } })],
    ],
    1,
  ],
])('S1.15 a sub-run that %s', (_, events, faults) => {
  const findings = new Findings();
  const trail = new SubRunTrail(findings);
  for (const [index, [runId, event]] of events.entries()) trail.follow(index + 1, RUN_ID, runId, event);
  expect(findings.list().map(({ code }) => code)).toEqual(Array(faults).fill('sub_run_mismatch'));
});

const ACTING = { agent: 'billing', agentDigest: digest('b'), policyDigest: digest('p') };
const handing: RunEvent = {
  type: 'message.completed',
  at: 2,
  data: {
    turn: 1,
    messageRef: ref('m'),
    finishReason: 'tool-calls',
    calls: [call(1, 0, verdict('allow'), { role: 'transfer', transfer: ACTING })],
  },
};
const done: RunEvent = {
  type: 'tool.completed',
  at: 4,
  data: { toolCallId: 'call_1_0', tool: 'clerk', resultRef: ref('r') },
};
const transferred = (change: object = {}): RunEvent => ({
  type: 'run.transferred',
  at: 5,
  data: { from: 'desk', ...ACTING, toolCallId: 'call_1_0', ...change },
});

test.each<[string, readonly RunEvent[], number]>([
  ['by a call that happened', [handing, dispatched, done, transferred()], 0],
  ['since the next of a sequence follows', [transferred({ toolCallId: undefined })], 0],
  ['by a call that never ran', [handing, transferred()], 1],
  ['to another than it named', [handing, dispatched, done, transferred({ agent: 'vault' })], 1],
  ['by an agent that did not act in it', [handing, dispatched, done, transferred({ from: 'clerk' })], 1],
])('S3.13 a run that is handed over %s', (_, events, faults) => {
  const findings = new Findings();
  const trail = new SubRunTrail(findings);
  for (const [index, event] of [started(), ...events].entries()) trail.follow(index + 1, RUN_ID, RUN_ID, event);
  expect(findings.list().map(({ code }) => code)).toEqual(Array(faults).fill('transfer_mismatch'));
});
