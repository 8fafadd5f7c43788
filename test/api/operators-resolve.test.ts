import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandedRun } from '../../src/contract/run-commands.ts';
import type { RunDetail } from '../../src/contract/runs.ts';
import { ResolveCommand } from '../../src/domain/schemas/command.ts';
import { readBlobs } from '../../src/store/blobs.ts';
import { readCommands } from '../../src/store/commands.ts';
import { readEvents } from '../../src/store/events.ts';
import { scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { PAYMENTS, TOOL_TIMEOUT_MS, createPaymentsWorld, obedientRun } from './obedient-run.ts';
import type { ObedientRun } from './obedient-run.ts';
import { driftedRun, parkedRun, settleEffect } from './parked-run.ts';

let world: ApiWorld;
let operator: string;
beforeAll(async () => {
  ({ world, operator } = await createPaymentsWorld());
});
afterAll(() => world[Symbol.asyncDispose]());

const post = <T = CommandedRun>(run: ObedientRun, action: string, body: object, headers = {}) =>
  world.call<T>('POST', `/v1/runs/${run.runId}/${action}`, { key: operator, body, headers });

const lastCommand = () => JSON.parse(world.gateway.commands.at(-1)?.command.bytes ?? '{}') as unknown;
const sent = () => world.gateway.commands.length;
const typesOf = async ({ runId }: ObedientRun) =>
  (await readEvents(world.store, scope, runId, { after: 0, limit: 500 })).map(({ type }) => type);
const textOf = async (ref: { sha256: string }) =>
  (await readBlobs(world.store, scope.tenant, [ref.sha256])).get(ref.sha256);

const parked = (given: { reservedAt?: number } = {}) => parkedRun(world, given);

const reason = 'I looked it up at the bank.';

describe('B3 resolve', () => {
  test('the run shows what an operator needs to say how the call goes on', async () => {
    const { run, effectKey, digest } = await parked();
    const { attentions, actions } = await run.get();
    expect(actions).toContain('resolve');
    expect(attentions).toEqual([
      expect.objectContaining({
        code: 'outcome_unknown',
        action: 'resolve',
        call: {
          toolCallId: 'call_1_0',
          tool: 'refund',
          effectKey,
          epoch: 1,
          digest,
          arguments: { order: 7, amount: 12.5 },
          resolutions: ['mark_done', 'retry', 'fail'],
          compensation: 'take_back',
          outcomeKnown: false,
          mayRunUntil: expect.any(String),
          drift: null,
        },
      }),
    ]);
  });

  test('mark_done: the result is the person’s, bound to key, attempt and digest', async () => {
    const { run, effectKey, digest } = await parked();
    const body = { toolCallId: 'call_1_0', resolution: 'mark_done', result: { paid: true }, reason };
    const done = await post(run, 'resolve', body);
    expect([done.status, done.body.outcome, done.body.status]).toEqual([200, 'recorded', 'running']);
    expect([done.body.attentions, done.body.warnings]).toEqual([[], []]);
    const command = ResolveCommand.parse(lastCommand());
    expect(command).toMatchObject({ effectKey, epoch: 1, digest, resolution: 'mark_done', toolCallId: 'call_1_0' });
    expect(await textOf(command.reasonRef)).toEqual({ text: reason });
    expect(await textOf(command.resultRef as { sha256: string })).toEqual({ result: { paid: true } });
    const events = await readEvents(world.store, scope, run.runId, { after: 0, limit: 500 });
    expect(events.find(({ type }) => type === 'tool.completed')?.data).toMatchObject({ suppliedBy: 'person' });
  });

  test('fail: the model hears that it failed', async () => {
    const { run } = await parked();
    const failed = await post(run, 'resolve', { toolCallId: 'call_1_0', resolution: 'fail', reason });
    expect([failed.status, failed.body.outcome]).toEqual([200, 'recorded']);
    expect(await typesOf(run)).toContain('tool.failed');
  });

  test('retry warns as long as the attempt before may still run, and not after', async () => {
    const { run } = await parked();
    const retried = await post(run, 'resolve', { toolCallId: 'call_1_0', resolution: 'retry', reason });
    expect([retried.status, retried.body.outcome]).toEqual([200, 'recorded']);
    expect(retried.body.warnings).toEqual([expect.objectContaining({ code: 'attempt_may_still_run' })]);
    expect(run.state().calls[0]?.status).toBe('ready');

    const old = await parked({ reservedAt: Date.now() - TOOL_TIMEOUT_MS - 1_000 });
    expect((await old.run.get()).attentions[0]?.call?.mayRunUntil).toBeNull();
    const later = await post(old.run, 'resolve', { toolCallId: 'call_1_0', resolution: 'retry', reason });
    expect(later.body.warnings).toEqual([]);
  });

  test('the ledger knows by now: 409, nothing is sent but the question to look again', async () => {
    const { run, effectKey } = await parked();
    await settleEffect(world, effectKey);
    expect((await run.get()).attentions[0]?.call).toMatchObject({ outcomeKnown: true, mayRunUntil: null });
    const before = sent();
    const refused = await post<{ code: string }>(run, 'resolve', {
      toolCallId: 'call_1_0',
      resolution: 'mark_done',
      result: 1,
      reason,
    });
    expect([refused.status, refused.body.code]).toEqual([409, 'effect_settled']);
    expect(sent()).toBe(before);
    expect(world.gateway.rechecks.at(-1)).toMatchObject({ address: { runId: run.runId }, toolCallId: 'call_1_0' });
    expect(await readCommands(world.store, scope, run.runId)).toEqual([]);
  });

  test('what was shown is not what is parked now: 409, nothing is resolved', async () => {
    const { run, digest } = await parked();
    const body = { toolCallId: 'call_1_0', resolution: 'fail', reason };
    for (const shown of [{ epoch: 2 }, { epoch: 0 }, { digest: `sha256:${'0'.repeat(64)}` }]) {
      const refused = await post<{ code: string }>(run, 'resolve', { ...body, ...shown });
      expect([refused.status, refused.body.code]).toEqual([409, 'attempt_changed']);
    }
    expect((await post(run, 'resolve', { ...body, epoch: 1, digest })).status).toBe(200);
  });

  test('a second answer finds nothing parked; under the key of the first it is the first', async () => {
    const { run } = await parked();
    const headers = { 'idempotency-key': randomUUID() };
    const body = { toolCallId: 'call_1_0', resolution: 'fail', reason };
    const first = await post(run, 'resolve', body, headers);
    const repeated = await post(run, 'resolve', body, headers);
    expect([repeated.status, repeated.body.outcome]).toEqual([200, 'already_recorded']);
    expect(repeated.body.commandId).toBe(first.body.commandId);
    const second = await post<{ code: string }>(run, 'resolve', body);
    expect([second.status, second.body.code]).toEqual([409, 'not_parked']);
    expect((await typesOf(run)).filter((type) => type === 'effect.resolved')).toHaveLength(1);
  });

  test('B17 a drifted tool: both definitions are shown; what never started cannot be done', async () => {
    const run = await driftedRun(world);
    const [attention] = (await run.get()).attentions;
    expect(attention).toMatchObject({ code: 'tool_drifted', action: 'resolve' });
    expect(attention?.call).toMatchObject({
      epoch: 0,
      resolutions: ['retry', 'fail'],
      compensation: null,
      drift: { pinned: { v: 1 }, current: { v: 2 } },
    });
    const body = { toolCallId: 'call_1_0', resolution: 'mark_done', result: {}, reason };
    const refused = await post<{ code: string }>(run, 'resolve', body);
    expect([refused.status, refused.body.code]).toEqual([422, 'resolution_not_allowed']);
    expect((await post(run, 'resolve', { ...body, resolution: 'retry', result: undefined })).status).toBe(200);
  });

  test.each([
    ['no reason', { toolCallId: 'call_1_0', resolution: 'fail' }],
    ['a blank reason', { toolCallId: 'call_1_0', resolution: 'fail', reason: ' ' }],
    ['mark_done without a result', { toolCallId: 'call_1_0', resolution: 'mark_done', reason }],
    ['a result with fail', { toolCallId: 'call_1_0', resolution: 'fail', result: 1, reason }],
    [
      'a result that is too large',
      { toolCallId: 'call_1_0', resolution: 'mark_done', result: 'x'.repeat(65_536), reason },
    ],
    ['an unknown resolution', { toolCallId: 'call_1_0', resolution: 'undo', reason }],
    ['a forged id', { toolCallId: '../call_1_0', resolution: 'fail', reason }],
  ])('%s is 400; the call stays parked', async (_what, body) => {
    const { run } = await parked();
    const before = sent();
    expect((await post(run, 'resolve', body)).status).toBe(400);
    expect([sent(), (await run.get()).status]).toEqual([before, 'needs_attention']);
  });

  test('a call that is not parked, or not there, is 409', async () => {
    const { run } = await parked();
    const missing = await post<{ code: string }>(run, 'resolve', {
      toolCallId: 'call_9_9',
      resolution: 'fail',
      reason,
    });
    expect([missing.status, missing.body.code]).toEqual([409, 'not_parked']);
    const idle = await obedientRun(world);
    const refused = await post<{ code: string }>(idle, 'resolve', {
      toolCallId: 'call_1_0',
      resolution: 'fail',
      reason,
    });
    expect([refused.status, refused.body.code]).toEqual([409, 'not_parked']);
  });

  test('block and a parked call are two concerns: each has its own way on', async () => {
    const { run } = await parked();
    await post(run, 'block', { reason: 'Wait.' });
    expect((await run.get()).attentions.map(({ action }) => action)).toEqual(['resolve', 'unblock']);
    expect((await post(run, 'unblock', {})).body.status).toBe('needs_attention');
    expect((await run.get()).attentions.map(({ action }) => action)).toEqual(['resolve']);
  });
});

describe('runs of other agents', () => {
  test('a run with nothing wrong has no attentions, and says what may be done', async () => {
    const { body } = await world.call<RunDetail>('POST', '/v1/runs', { body: { agent: PAYMENTS, input: 'Hi.' } });
    const run = (await world.call<RunDetail>('GET', `/v1/runs/${body.runId}`)).body;
    expect(run).toMatchObject({
      attentions: [],
      state: {},
      actions: ['decide', 'extend', 'cancel', 'block', 'message'],
    });
  });
});
