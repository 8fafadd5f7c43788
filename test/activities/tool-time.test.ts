/** Where a tool is cut off, by its time or a lost line, or says too much, the gate says what is known of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OutcomeUnknownError } from '../../src/adapters/tools/outcome-unknown.ts';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';

const hang = () => new Promise<never>(() => {});
const lose = () => Promise.reject(new OutcomeUnknownError('connection_lost', 'The line was cut.'));
const tools = [
  recordingTool('hangs', { effect: 'none', timeoutMs: 200, run: hang }),
  recordingTool('hangs_once', { timeoutMs: 200, run: hang }),
  recordingTool('loses', { effect: 'idempotent', run: lose }),
  recordingTool('loses_once', { run: lose }),
  recordingTool('floods', { run: async () => 'x'.repeat(1_048_577) }),
];
const agent = testAgent({ script: [], tools, policy: [{ id: 'all', match: '*', effect: 'allow' }] });

let gate: Gate;
let run: GateRun;
beforeAll(async () => {
  gate = await openGate(agent);
  run = await gate.run();
});
afterAll(() => gate[Symbol.asyncDispose]());

test.each([
  ['hangs', { type: 'failed', code: 'tool_timed_out' }],
  ['hangs_once', { type: 'outcome_unknown', epoch: 1 }],
  ['loses', { type: 'failed', code: 'connection_lost' }],
  ['loses_once', { type: 'outcome_unknown', epoch: 1 }],
  ['floods', { type: 'failed', code: 'result_too_large' }],
])('S3.12 a tool that %s: %o', async (tool, outcome) => {
  const index = tools.findIndex((one) => one.tool.name === tool);
  expect(await gate.dispatch(await run.judged(tool, {}, index))).toMatchObject(outcome);
});
