/**
 * Tools on another task queue, with whole services: nobody there, workers that die, that come late, that are told to stop,
 * and people who may not have the call. The worker is one of the test's own; that in Python has a test beside its example.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/adapters/tools/tool.ts';
import type { ToolEffect } from '../../src/domain/schemas/agent.ts';
import { asksFor, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { cliWith } from '../cli/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startToolWorker } from '../support/tool-worker.ts';
import type { TakenCall, ToolWorker } from '../support/tool-worker.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const NAME = `${process.pid}-${Date.now()}`;
const CANARY = 'canary-7f3a';
/** One queue for each agent, so that no test's worker takes another's call. */
const queueOf = (agent: string) => `${agent}-${NAME}`;

const agentOn = (name: string, effect: ToolEffect, startWithinMs: number) =>
  testAgent({
    name,
    tools: [
      defineTool({
        name: 'send',
        description: 'Sends it.',
        input: z.strictObject({ text: z.string() }),
        output: z.strictObject({ sent: z.string() }),
        effect,
        taskQueue: queueOf(name),
        startWithinMs,
        timeoutMs: 20_000,
      }),
    ],
    policy: [{ id: 'send', match: 'send', effect: 'allow' }],
    script: [asksFor('send', { text: CANARY }), says('Done.')],
  });

let world: World;
let anna: Person;
let service: Person;
let worker: ToolWorker | undefined;
beforeAll(async () => {
  const soon = 1_000;
  const patient = 25_000;
  world = await testWorld({
    agents: [
      agentOn('lonely', 'once', soon),
      agentOn('once', 'once', patient),
      agentOn('again', 'idempotent', patient),
      agentOn('held', 'once', patient),
    ],
  });
  anna = await world.person('anna');
  service = await world.person('svc:bank', { kind: 'service', roles: ['worker'] });
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});

const start = async (agent: string, carryOut: (call: TakenCall) => Promise<unknown>): Promise<ToolWorker> =>
  (worker = await startToolWorker({
    temporalAddress: world.temporalAddress,
    taskQueue: queueOf(agent),
    service,
    carryOut,
  }));
const reports = (call: TakenCall) => call.report({ sent: 'yes' });
const dies = async (): Promise<never> => {
  throw new Error('gone');
};
const toldOf = async (run: StartedRun): Promise<string[]> =>
  (await run.types()).filter((type) => type.startsWith('tool.'));

describe('nobody on the queue', () => {
  test('S1.15 B20 the run says so and waits for an operator; a retry is carried out once a worker is there', async () => {
    const run = await anna.startRun({ agent: 'lonely' });
    const parked = await run.settles();
    expect(parked).toMatchObject({
      status: 'needs_attention',
      attentions: [{ code: 'no_tool_worker', call: { epoch: 0, resolutions: ['retry', 'fail'] } }],
    });
    expect(parked.attentions[0]?.detail).toContain(queueOf('lonely'));
    expect(await run.event('tool.queued')).toMatchObject({ data: { taskQueue: queueOf('lonely') } });
    const { taken } = await start('lonely', reports);
    await run.resolve({ toolCallId: 'call_1_0', resolution: 'retry', reason: 'A worker is there now.' });
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(taken.map(({ task }) => task.effectKey)).toEqual([`tool-approval:${run.runId}:call_1_0.1`]);
  });
});

describe('a worker that dies', () => {
  test('S1.15 B3 after it began: a call of effect once is nobody else’s, and its late report is what counts', async () => {
    const { taken, refused } = await start('once', dies);
    const run = await anna.startRun({ agent: 'once' });
    expect(await run.settles()).toMatchObject({ attentions: [{ code: 'outcome_unknown' }] });
    expect([taken.length, refused]).toEqual([1, ['task_taken']]);
    expect((await taken[0]?.report({ sent: 'after all' }))?.status).toBe(200);
    expect(await run.ends()).toMatchObject({ status: 'completed' });
    const done = await run.event('tool.completed');
    expect(done.content).toMatchObject({ result: { sent: 'after all' } });
    expect(taken).toHaveLength(1);
  });

  test('S1.15 B3 a call of effect idempotent goes to the next one, under the same key', async () => {
    let deaths = 0;
    const { taken } = await start('again', (call) => (deaths++ === 0 ? dies() : reports(call)));
    const run = await anna.startRun({ agent: 'again' });
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(new Set(taken.map(({ task }) => task.effectKey)).size).toBe(1);
    expect(taken).toHaveLength(2);
  });
});

describe('what the gate keeps', () => {
  test('S1.15 S4.4 a brake holds a call that waits on the queue, until it is released', async () => {
    const run = await anna.startRun({ agent: 'held' });
    await run.event('tool.queued');
    const brake = await anna.request<{ brakeId: string }>('POST', '/v1/brakes', {
      body: { reason: 'Too many.', tool: 'send' },
    });
    const { taken, refused } = await start('held', reports);
    await waitFor('the worker to be refused', () => refused.includes('task_braked'));
    expect(taken).toEqual([]);
    await anna.request('DELETE', `/v1/brakes/${brake.body.brakeId}`);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(taken).toHaveLength(1);
  });

  test('S1.15 a cancel reaches the worker, and lets nobody else begin', async () => {
    const { taken, refused } = await start('once', async (call) => {
      await once(call.signal, 'abort');
      await call.report({ sent: 'half' });
    });
    const run = await anna.startRun({ agent: 'once' });
    await waitFor('the worker to have begun', () => taken.length === 1);
    await run.cancel();
    expect(await run.ends()).toMatchObject({ status: 'cancelled' });
    expect(await toldOf(run)).toEqual(['tool.started', 'tool.queued', 'tool.claimed', 'tool.completed']);
    expect([taken.length, refused]).toEqual([1, []]);
  });

  test('S1.15 a cancel while it waits: nobody begins it any more', async () => {
    const run = await anna.startRun({ agent: 'once' });
    const queued = await run.event('tool.queued');
    await run.cancel();
    expect(await run.ends()).toMatchObject({ status: 'cancelled' });
    const path = `/v1/tool-tasks/${String(queued.data['taskId'])}/claim`;
    const claim = await service.request('POST', path, { body: { claimant: 'x'.repeat(20) } });
    expect(claim).toMatchObject({ status: 410, body: { code: 'task_closed' } });
  });

  test('S1.15 a result that is not what the tool declares is an error to the model', async () => {
    await start('once', (call) => call.report({ other: 1 }));
    const run = await anna.startRun({ agent: 'once' });
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(await run.event('tool.failed')).toMatchObject({ data: { code: 'invalid_output' } });
  });
});

describe('who may have it', () => {
  test('S1.15 S3.6 one claimant, with a key of the project and the role; the same one again is answered the same', async () => {
    const run = await anna.startRun({ agent: 'once' });
    const { data } = await run.event('tool.queued');
    const path = `/v1/tool-tasks/${String(data['taskId'])}`;
    const claim = async (who: Person, name: string) =>
      (await who.request<{ code?: string; permit?: string }>('POST', `${path}/claim`, { body: { claimant: name } }))
        .body;
    const stranger = await world.person('svc:other', { kind: 'service', roles: ['worker'], projects: ['other'] });
    const foreign = await world.person('svc:foreign', { kind: 'service', roles: ['worker'], tenant: 'globex' });
    const [mine, theirs] = ['m'.repeat(20), 't'.repeat(20)];
    expect(await claim(stranger, theirs)).toMatchObject({ code: 'task_not_found' });
    expect(await claim(foreign, theirs)).toMatchObject({ code: 'task_not_found' });
    const operator = await world.person('olga', { roles: ['operator'] });
    expect(await claim(operator, theirs)).toMatchObject({ code: 'forbidden' });
    const [first, again] = [await claim(service, mine), await claim(service, mine)];
    expect(first.permit).toBeDefined();
    expect(again).toMatchObject({ arguments: JSON.stringify({ text: CANARY }) });
    expect(await claim(service, theirs)).toMatchObject({ code: 'task_taken' });
    const report = (claimant: string) =>
      service.request('POST', `${path}/report`, {
        body: { claimant, outcome: { type: 'failed', code: 'closed', message: `The ${CANARY} is closed.` } },
      });
    expect(await report(theirs)).toMatchObject({ body: { code: 'task_taken' } });
    expect([(await report(mine)).status, (await report(mine)).status]).toEqual([200, 200]);
    await start('once', reports);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(await run.event('tool.failed')).toMatchObject({ data: { code: 'closed' } });
    expect((await run.types()).filter((type) => type === 'tool.claimed')).toHaveLength(1);
    expect(worker?.taken).toEqual([]);
  });

  test('S1.15 S3.7 nothing of the content is in any history, and the evidence of the run verifies', async () => {
    await start('once', (call) => call.report({ sent: CANARY }));
    const run = await anna.startRun({ agent: 'once' });
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    const { data } = await run.event('tool.queued');
    const connection = await Connection.connect({ address: world.temporalAddress });
    const { workflow } = new Client({ connection });
    const id = `${world.scope.tenant}/${world.scope.project}/${run.runId}`;
    for (const workflowId of [id, `${id}/${String(data['taskId'])}`]) {
      const { events } = await workflow.getHandle(workflowId).fetchHistory();
      const seen: string[] = [];
      JSON.stringify(events, (_key, value: unknown) => {
        if (value instanceof Uint8Array) seen.push(Buffer.from(value).toString());
        else if (typeof value === 'string') seen.push(value, Buffer.from(value, 'base64').toString());
        return value;
      });
      expect(seen.length).toBeGreaterThan(20);
      expect(seen.filter((text) => text.includes(CANARY))).toEqual([]);
    }
    await connection.close();

    const directory = temporaryDirectory();
    const [trust, file] = [join(directory, 'trust.json'), join(directory, 'run.jsonl')];
    const cli = cliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: anna.key });
    await cli('audit', 'trust', '--out', trust);
    await cli('audit', 'export', run.runId, '--out', file);
    expect(await cli('audit', 'verify', file, '--trust', trust)).toMatchObject({ code: 0 });
  });
});
