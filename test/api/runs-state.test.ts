import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STATE_MAX_BYTES } from '../../src/contract/runs.ts';
import type { Run, RunDetail } from '../../src/contract/runs.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import { StartCommand } from '../../src/domain/schemas/command.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { PAYMENTS, obedientRun, putPayments } from './obedient-run.ts';
import type { ObedientRun } from './obedient-run.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
  const rules = [{ id: 'ask', match: '*', effect: 'ask', reason: 'All.', stateEditable: ['budget', 'regions.*'] }];
  await putPayments(world, { policy: [{ layer: 'agent', rules }] });
});
afterAll(() => world[Symbol.asyncDispose]());

const start = (body: object, headers = {}) =>
  world.call<Run & { code: string }>('POST', '/v1/runs', {
    body: { agent: PAYMENTS, input: 'Begin.', ...body },
    headers,
  });
const get = async (runId: string) => (await world.call<RunDetail>('GET', `/v1/runs/${runId}`)).body;

describe('S0.1 the state of a run', () => {
  test('is what it was started with; the signed start binds it by reference', async () => {
    const state = { budget: 500, regions: ['eu', 'us'], note: 'zwölf' };
    const { status, body } = await start({ state });
    expect(status).toBe(201);
    expect((await get(body.runId)).state).toEqual(state);
    const bytes = world.gateway.starts.at(-1)?.start.bytes ?? '';
    expect(StartCommand.parse(JSON.parse(bytes)).stateRef?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(bytes).not.toContain('zw');
  });

  test('is empty where none was given', async () => {
    const { body } = await start({});
    expect((await get(body.runId)).state).toEqual({});
    expect(world.gateway.starts.at(-1)?.start.bytes).not.toContain('stateRef');
  });

  test('S1.6 is part of what a key stands for', async () => {
    const headers = { 'idempotency-key': 'with-state' };
    const first = await start({ state: { a: 1, b: 2 } }, headers);
    // Order of fields is no difference.
    const same = await start({ state: { b: 2, a: 1 } }, headers);
    expect([first.status, same.status, same.body.runId]).toEqual([201, 200, first.body.runId]);
    for (const state of [{ a: 1, b: 3 }, {}, undefined]) {
      const other = await start({ state }, headers);
      expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
    }
  });

  test.each([
    ['null', null],
    ['a list', []],
    ['text', 'x'],
    ['a number', 7],
    ['more than fits', { x: 'x'.repeat(STATE_MAX_BYTES) }],
    ['more than fits in UTF-8', { x: 'ü'.repeat(STATE_MAX_BYTES / 2) }],
  ])('%s is 400', async (_what, state) => {
    const before = world.gateway.starts.length;
    expect((await start({ state })).status).toBe(400);
    expect(world.gateway.starts).toHaveLength(before);
  });

  test('the largest that fits is taken', async () => {
    const room = STATE_MAX_BYTES - JSON.stringify({ x: '' }).length;
    expect((await start({ state: { x: 'x'.repeat(room) } })).status).toBe(201);
  });

  test('a prototype among the fields is no JSON we read', async () => {
    const raw = `{"agent":"${PAYMENTS}","input":"Begin.","state":{"__proto__":{"admin":true}}}`;
    const { status } = await world.call('POST', '/v1/runs', { raw });
    expect(status).toBe(400);
  });
});

let decisions = 0;

/** A decision that won has set this. */
async function sets(run: ObedientRun, edits: JsonValue): Promise<string> {
  const decisionId = `dec_${(decisions += 1)}`;
  const actor = { principal: 'ada', kind: 'person' as const, groups: [], credentialId: 'c' };
  const approval = await run.asks({ toolCallId: `call_1_${decisions}` });
  const event: RunEvent = {
    type: 'approval.decided',
    at: Date.now(),
    data: {
      approvalId: approval.approvalId,
      revision: 1,
      decisionId,
      decision: 'approve',
      status: 'approved',
      digest: approval.digest,
      actor,
      channel: 'api',
      signatureId: `s-${decisionId}`,
      stateEditsRef: await run.keeps(edits),
      statePaths: ['budget'],
    },
  };
  await run.happens(event);
  return decisionId;
}

describe('S0.3 what decisions set', () => {
  test('is applied in the order of the events; a voided decision takes its part back', async () => {
    const run = await obedientRun(world);
    await sets(run, [{ path: 'budget', value: 1 }]);
    await sets(run, [
      { path: 'budget', value: 2 },
      { path: 'regions', value: ['eu'] },
    ]);
    expect((await run.get()).state).toEqual({ budget: 2, regions: ['eu'] });
    const decisionId = await sets(run, [{ path: 'regions.0', value: 'us' }]);
    expect((await run.get()).state).toEqual({ budget: 2, regions: ['us'] });
    const approvalId = `tool-approval:${run.runId}:call_1_${decisions}`;
    const voided = { approvalId, revision: 1, decisionId, code: 'bad_signature', voided: true };
    await run.happens({ type: 'decision.refused', at: Date.now(), data: voided });
    expect((await run.get()).state).toEqual({ budget: 2, regions: ['eu'] });
  });

  test('what no longer fits changes nothing', async () => {
    const run = await obedientRun(world);
    await sets(run, [{ path: 'budget', value: 1 }]);
    await sets(run, [{ path: 'budget.limit', value: 2 }]);
    expect((await run.get()).state).toEqual({ budget: 1 });
  });
});
