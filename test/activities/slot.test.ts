/** The gate where a deployment limits how many runs of one requester may be active. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { readEvents } from '../../src/store/events.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';

const once = recordingTool('once');
const policy = [{ id: 'soon', match: '*', effect: 'ask', executeWithin: '1m' } as const];
const MINUTE_MS = 60_000;

let gate: Gate;
beforeAll(async () => {
  gate = await openGate(testAgent({ script: [], tools: [once], policy }), [], { maxActiveRunsPerRequester: 1 });
});
afterAll(() => gate[Symbol.asyncDispose]());

const approved = async (run: GateRun, index = 0) => {
  const judged = await run.judged('once', {}, index);
  return { ...judged, evidence: [await run.consent(judged)] };
};
const ends = (run: GateRun) => run.tell({ type: 'run.cancelled', at: gate.nowMs, data: { channel: 'api' } });

test('S1.11 a call without a slot is tried again, rarely where it is far back; nothing of it runs', async () => {
  const runs = await Promise.all(Array.from({ length: 13 }, () => gate.run({ requester: 'ada' })));
  const [first, ...others] = runs;
  if (!first) throw new Error('no run');
  const call = await approved(first);
  expect(await gate.dispatch(call)).toMatchObject({ type: 'completed' });
  const delays: unknown[] = [];
  for (const run of others) {
    const waiting = await approved(run);
    await gate.dispatch(waiting).catch((error: unknown) => delays.push(error));
  }
  expect(delays).toHaveLength(12);
  expect(delays[0]).toMatchObject({ type: 'slot_busy', nonRetryable: false, nextRetryDelay: 500 });
  expect(delays[3]).toMatchObject({ type: 'slot_busy', nextRetryDelay: 2_000 });
  expect(delays[11]).toMatchObject({ type: 'slot_busy', nextRetryDelay: 5_000 });
  expect(once.calls).toHaveLength(1);
});

test('S1.11 the time to execute an approval stands still while its run waits, and only then', async () => {
  const [busy, waits] = [await gate.run({ requester: 'eve' }), await gate.run({ requester: 'eve' })];
  expect(await gate.dispatch(await approved(busy))).toMatchObject({ type: 'completed' });
  const [now, late] = [await approved(waits), await approved(waits, 1)];
  gate.nowMs += MINUTE_MS / 2;
  await expect(gate.dispatch(now)).rejects.toMatchObject({ type: 'slot_busy' });
  gate.nowMs += 60 * MINUTE_MS;
  await ends(busy);
  expect(await gate.dispatch(now)).toMatchObject({ type: 'completed' });
  gate.nowMs += MINUTE_MS;
  expect(await gate.dispatch(late)).toMatchObject({ type: 'refused', code: 'execution_expired' });
  const events = await readEvents(gate.store, waits.start, waits.runId, { after: 0, limit: 100 });
  expect(events.map(({ type }) => type)).toEqual([
    'approval.requested',
    'approval.requested',
    'run.queued',
    'run.dequeued',
  ]);
});
