/** The gate and a run whose place another one has taken, before the run itself knows of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { runIdFromBytes } from '../../src/domain/core/ids.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import { createRun, getRun } from '../../src/store/run-rows.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';
import { waitFor } from '../support/wait-for.ts';

const input = z.strictObject({ amount: z.number() });
let finish: (result: JsonValue) => void = () => {};
const once = recordingTool('once', { input });
const quiet = recordingTool('quiet', { input, effect: 'idempotent' });
const slow = recordingTool('slow', { input, run: () => new Promise((resolve) => (finish = resolve)) });

let gate: Gate;
beforeAll(async () => {
  gate = await openGate(testAgent({ script: [], tools: [once, quiet, slow] }));
});
afterAll(() => gate[Symbol.asyncDispose]());

let index = 0;
const approved = async (run: GateRun, tool: string): Promise<RunToolInput> => {
  const judged = await run.judged(tool, { amount: 5 }, index++);
  return { ...judged, evidence: [await run.consent(judged)] };
};

/** What the bridge stores when another run takes its place; the cancel has not arrived. */
const replace = async ({ start, sign }: GateRun) => {
  const old = await getRun(gate.store, start, start.runId);
  if (!old) throw new Error('no run');
  const runId = runIdFromBytes(crypto.getRandomValues(new Uint8Array(17)));
  const { tenant, project } = start;
  const signed = await sign({ type: 'cancel', runId: start.runId, commandId: `cmd_${runId}`, replacedBy: runId });
  const record = { tenant, project, runId: start.runId, type: 'cancel', principal: 'rita', iat: gate.nowMs } as const;
  const replaces = { ...record, signatureId: `jti-${runId}`, contributes: false, signed };
  const created = await createRun(gate.store, { ...old, runId, rootRunId: runId }, [], { replaces });
  expect(created).toMatchObject({ outcome: 'created', run: { runId, replacedBy: null } });
  expect(await getRun(gate.store, start, start.runId)).toMatchObject({ replacedBy: runId, cancelRequested: signed });
};

const opened = () => gate.run({ conversationId: `c-${index++}` });

describe('S1.13 B2 a run that was replaced', () => {
  test.each(['once', 'quiet'])('starts no call of effect %s any more, whoever has approved it', async (tool) => {
    const run = await opened();
    const call = await approved(run, tool);
    await replace(run);
    const before = [once, quiet].flatMap(({ calls }) => calls).length;
    expect(await gate.dispatch(call)).toMatchObject({ type: 'refused', code: 'run_replaced', then: 'deny' });
    expect(await gate.dispatch(call)).toMatchObject({ type: 'refused', code: 'run_replaced' });
    expect([once, quiet].flatMap(({ calls }) => calls)).toHaveLength(before);
    expect(await gate.refusals()).toEqual([]);
  });

  test('keeps the outcome of what it had under way, and gives it again', async () => {
    const run = await opened();
    const call = await approved(run, 'slow');
    const under = gate.dispatch(call);
    await waitFor('the tool to be entered', () => slow.calls.length === 1);
    await replace(run);
    finish({ paid: true });
    expect(await under).toMatchObject({ type: 'completed' });
    expect(await gate.dispatch(call)).toMatchObject({ type: 'completed' });
    expect(slow.calls).toHaveLength(1);
  });

  test('does nothing again that was cut off, even what might be repeated', async () => {
    const run = await opened();
    const call = await approved(run, 'quiet');
    await gate.dispatch(call);
    // As a worker leaves it that dies before it has settled.
    await gate.store.pool.query('UPDATE effects SET settled_at = NULL, outcome = NULL WHERE run_id = $1', [run.runId]);
    await replace(run);
    const before = quiet.calls.length;
    expect(await gate.dispatch(call)).toMatchObject({ type: 'outcome_unknown' });
    expect(quiet.calls).toHaveLength(before);
  });
});
