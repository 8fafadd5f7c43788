/** Runs of agents of classic execution, driven within the request that asks for them. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowId } from '../../src/domain/core/ids.ts';
import { connectLazily } from '../../src/gateway/connection.ts';
import { verifyFiles } from '../../src/cli/audit/verify-files.ts';
import { endInterruptedRuns } from '../../src/classic/end-interrupted.ts';
import type { RunDetail, StartedRun as StartAnswer } from '../../src/contract/runs.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { trustedKeys } from '../../src/platform/signing-keys.ts';
import { verifySignature } from '../../src/platform/verify-signature.ts';
import { getRun } from '../../src/store/run-rows.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { readEventStream } from '../support/event-reader.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';
import { agents, closeGate, note, openGate, pay, slow } from './classic-agents.ts';

const directory = temporaryDirectory();
let world: World;
let replica: Replica;
let anna: Person;

beforeAll(async () => {
  world = await testWorld({ agents, maxActiveRunsPerRequester: 2 });
  replica = await createReplica(world);
  anna = await world.person('anna');
});
afterAll(async () => {
  openGate();
  await replica[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const start = (agent: string, headers: Record<string, string> = {}) =>
  anna.request<StartAnswer>('POST', '/v1/runs', { headers, body: { agent, input: 'Begin.' } });
const startSoon = async (agent: string) => {
  const { body } = await start(agent, { prefer: 'respond-async' });
  return anna.run(body.runId);
};
const expectWholeChain = async (runId: string) =>
  expect(await verifyStoredChain(world.store, world.scope, runId)).toMatchObject({ ok: true });

describe('the request', () => {
  test('S3.1 runs to its end and answers with it; no workflow is started', async () => {
    const answer = await start('helper');
    expect(answer).toMatchObject({
      status: 201,
      body: { execution: 'classic', status: 'completed', output: 'Noted.', failure: null },
    });
    const run = anna.run(answer.body.runId);
    expect(await run.types()).toEqual([
      'run.started',
      'turn.started',
      'message.completed',
      'usage.recorded',
      'tool.started',
      'tool.completed',
      'turn.started',
      'message.completed',
      'usage.recorded',
      'run.completed',
    ]);
    expect(note.calls).toHaveLength(1);
    expect(note.calls[0]?.effectKey).toContain(run.runId);
    await expectWholeChain(run.runId);
    const headers = { authorization: `Bearer ${anna.key}` };
    const exported = await fetch(new URL(`/v1/runs/${run.runId}/audit`, world.url), { headers });
    const file = join(directory, 'run.jsonl');
    writeFileSync(file, await exported.text());
    const trust = { ...trustedKeys(world.keys), verify: verifySignature };
    expect(await verifyFiles([file], { trust, allRuns: false })).toMatchObject({ ok: true, faults: [] });
    const connection = connectLazily({ address: world.temporalAddress });
    const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId: run.runId }));
    await expect(handle.describe()).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
    await connection.close();
  });

  test('S3.1 its events are on the stream of any run, as they come', async () => {
    closeGate();
    const run = await startSoon('speaker');
    const stream = await readEventStream({ url: replica.url, key: anna.key, runId: run.runId });
    await waitFor('its first words', () => stream.seen.some(({ data }) => data['text'] === 'Once upon a '));
    openGate();
    await stream.ended;
    const durable = stream.seen.filter(({ seq, type }) => seq !== undefined || type === 'stream.end');
    expect(durable.map(({ type }) => type)).toEqual([...(await run.types()), 'stream.end']);
  });

  test('S3.1 the same request again, here or elsewhere, gets the same run and its end', async () => {
    closeGate();
    const before = slow.calls.length;
    const headers = { 'idempotency-key': 'classic-twice' };
    const elsewhere = replica.speaksHere(anna);
    const first = start('slowcoach', headers);
    await waitFor('the tool to run', () => slow.calls.length > before);
    const others = [
      start('slowcoach', headers),
      elsewhere.request<StartAnswer>('POST', '/v1/runs', { headers, body: { agent: 'slowcoach', input: 'Begin.' } }),
    ];
    openGate();
    const answers = await Promise.all([first, ...others]);
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(1);
    expect(answers.map(({ body }) => [body.status, body.output])).toEqual(answers.map(() => ['completed', 'Done.']));
    expect(slow.calls).toHaveLength(before + 1);
  });

  test('S3.1 whoever prefers not to wait so long is answered earlier, and the run goes on', async () => {
    closeGate();
    const answer = await start('slowcoach', { prefer: 'wait=0' });
    expect(answer).toMatchObject({ status: 201, body: { status: 'running', output: null } });
    expect(answer.headers.get('preference-applied')).toBe('wait=0');
    openGate();
    expect(await anna.run(answer.body.runId).ends()).toMatchObject({ status: 'completed' });
  });

  test('S3.1 a client that goes away changes nothing for the run', async () => {
    closeGate();
    const before = slow.calls.length;
    const key = 'classic-gone';
    const gone = new AbortController();
    const lost = fetch(new URL('/v1/runs', world.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${anna.key}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ agent: 'slowcoach', input: 'Begin.' }),
      signal: gone.signal,
    });
    await waitFor('the tool to run', () => slow.calls.length > before);
    gone.abort();
    await expect(lost).rejects.toThrow();
    openGate();
    const again = await start('slowcoach', { 'idempotency-key': key });
    expect(again).toMatchObject({ status: 200, body: { status: 'completed', output: 'Done.' } });
    expect(slow.calls).toHaveLength(before + 1);
  });

  test('S3.1 a run that takes longer than its request may fails; what was under way is told', async () => {
    closeGate();
    const { body } = await start('hurried');
    expect(body).toMatchObject({ status: 'failed', failure: { code: 'request_time_over' } });
    expect((await anna.run(body.runId).types()).slice(-3)).toEqual([
      'tool.outcome_unknown',
      'run.blocked',
      'run.failed',
    ]);
    await expectWholeChain(body.runId);
  });

  test('S1.11 S3.1 its runs count among the active ones of their requester, and give their slots back', async () => {
    closeGate();
    const runs = [await startSoon('slowcoach'), await startSoon('slowcoach')];
    expect(await start('helper')).toMatchObject({ status: 429, body: { code: 'too_many_active_runs' } });
    openGate();
    await Promise.all(runs.map((run) => run.ends()));
    expect(await start('helper')).toMatchObject({ status: 201, body: { status: 'completed' } });
  });

  test('S3.1 an API that drives none says so, and starts nothing', async () => {
    const answer = await replica
      .speaksHere(anna)
      .request('POST', '/v1/runs', { body: { agent: 'helper', input: 'Begin.' } });
    expect(answer).toMatchObject({ status: 503, body: { code: 'classic_unavailable' } });
  });
});

describe('policy', () => {
  test('S3.1 a call that asks is refused with an explanation, a denied one stays denied, the others run', async () => {
    const { body } = await start('payer');
    expect(body.status).toBe('completed');
    expect(pay.calls.map(({ arguments: args }) => args)).toEqual([{ text: '1' }]);
    const denied = (await anna.run(body.runId).events()).filter(({ type }) => type === 'tool.denied');
    expect(denied.map(({ data }) => [data['toolCallId'], data['code']])).toEqual([
      ['call_1_1', 'classic_cannot_ask'],
      ['call_1_2', 'policy_denied'],
    ]);
    expect(denied[0]?.data['message']).toMatch(/classic mode.*Large amounts need consent\.$/);
    // The model has read both.
    expect(body.output).toContain('classic mode');
    expect(body.output).toContain('Nobody pays so much.');
  });

  test('S3.1 a budget that is used up ends the run: nobody can be asked for more', async () => {
    const { body } = await start('spender');
    expect(body).toMatchObject({ status: 'failed', failure: { code: 'budget_exceeded' } });
    expect(body.failure?.detail).toContain('classic mode');
    expect(await anna.run(body.runId).types()).toContain('budget.reached');
  });

  test('B18 S3.1 a brake keeps the call back until it is released', async () => {
    const before = note.calls.length;
    const brake = await anna.request<{ brakeId: string }>('POST', '/v1/brakes', {
      body: { reason: 'Look first.' },
    });
    expect(brake.status).toBe(201);
    const run = await startSoon('helper');
    await run.event('tool.held');
    expect(note.calls).toHaveLength(before);
    expect(await anna.request('DELETE', `/v1/brakes/${brake.body.brakeId}`)).toMatchObject({ status: 200 });
    expect(await run.ends()).toMatchObject({ status: 'completed' });
    expect(note.calls).toHaveLength(before + 1);
  });
});

describe('commands', () => {
  test('S2.2 S3.1 cancel from another replica stops it; what was under way is told as unknown', async () => {
    closeGate();
    const before = slow.calls.length;
    const run = await startSoon('slowcoach');
    await waitFor('the tool to run', () => slow.calls.length > before);
    const there = replica.speaksHere(anna).run(run.runId);
    expect(await there.cancel()).toMatchObject({ status: 200, body: { cancelled: true } });
    expect(await run.ends()).toMatchObject({ status: 'cancelled', execution: 'classic' });
    const events = await run.events();
    expect(events.slice(-4).map(({ type }) => type)).toEqual([
      'run.cancel_requested',
      'tool.outcome_unknown',
      'run.blocked',
      'run.cancelled',
    ]);
    expect(events.find(({ type }) => type === 'run.cancel_requested')?.data).toMatchObject({
      actor: { principal: 'anna' },
    });
    expect(await there.cancel()).toMatchObject({ status: 200, body: { cancelled: true } });
    await expectWholeChain(run.runId);
  });

  test('S3.1 what would have it wait or listen is refused, and changes nothing', async () => {
    closeGate();
    const run = await startSoon('slowcoach');
    await run.event('tool.started');
    const seen = await run.types();
    const refusals = await Promise.all([
      run.block('Look first.'),
      run.unblock(),
      run.message('Hurry.'),
      run.resolve({ toolCallId: 'call_1_0', resolution: 'fail', reason: 'No.' }),
    ]);
    for (const refusal of refusals) expect(refusal).toMatchObject({ status: 409, body: { code: 'classic_run' } });
    expect(await run.types()).toEqual(seen);
    expect(await run.get()).toMatchObject({ actions: ['cancel'] });
    openGate();
    expect(await run.ends()).toMatchObject({ status: 'completed', output: 'Done.' });
    expect(await run.message('Too late.')).toMatchObject({ status: 410, body: { code: 'run_over' } });
  });

  test('S1.13 S3.1 a run that another takes the place of is cancelled', async () => {
    closeGate();
    const before = slow.calls.length;
    const body = { agent: 'slowcoach', input: 'Begin.', conversationId: 'classic-replaced' };
    const headers = { prefer: 'respond-async' };
    const first = await anna.request<RunDetail>('POST', '/v1/runs', { headers, body });
    await waitFor('the tool to run', () => slow.calls.length > before);
    const busy = await anna.request('POST', '/v1/runs', { headers, body });
    expect(busy).toMatchObject({ status: 409, body: { code: 'conversation_busy' } });
    const second = await anna.request<RunDetail>('POST', '/v1/runs', { headers, body: { ...body, replace: true } });
    expect(await anna.run(first.body.runId).ends()).toMatchObject({ status: 'cancelled' });
    openGate();
    expect(await anna.run(second.body.runId).ends()).toMatchObject({ status: 'completed' });
  });
});

test('S3.1 S3.13 called by another agent, it is driven by a workflow like any other', async () => {
  const before = note.calls.length;
  const { body } = await start('boss');
  expect(body).toMatchObject({ execution: 'durable' });
  const root = anna.run(body.runId);
  expect(await root.ends()).toMatchObject({ status: 'completed', output: 'Delegated.' });
  const { body: page } = await anna.request<{ data: RunDetail[] }>('GET', `/v1/runs?rootRunId=${body.runId}`);
  const below = page.data.find(({ agent }) => agent === 'helper');
  expect(below).toMatchObject({ execution: 'durable', status: 'completed' });
  expect(note.calls).toHaveLength(before + 1);
});

test('S3.1 the reconciler leaves alone what a living process drives', async () => {
  closeGate();
  const run = await startSoon('slowcoach');
  await run.event('tool.started');
  const { store } = world;
  await endInterruptedRuns({ store, clock: systemClock, logger: createLogger({ level: 'silent', service: 'test' }) });
  expect(await getRun(store, world.scope, run.runId)).toMatchObject({ status: 'running' });
  openGate();
  expect(await run.ends()).toMatchObject({ status: 'completed' });
});
