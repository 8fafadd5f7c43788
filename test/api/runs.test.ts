import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Artifact } from '../../src/contract/artifacts.ts';
import type { Run, RunDetail } from '../../src/contract/runs.ts';
import type { Page } from '../../src/contract/pagination.ts';
import { StartCommand } from '../../src/domain/schemas/command.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { appendEvents } from '../../src/store/events.ts';
import { getRun } from '../../src/store/run-rows.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
afterEach(() => {
  world.gateway.unavailable = undefined;
  world.gateway.onCancel = () => 'accepted';
});

const start = { agent: 'refunds', input: 'Refund order 7.' };
const unreachable = Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: '', metadata: {} });

/** What the workflow would have stored. */
const happen = (runId: string, ...events: RunEvent[]) =>
  appendEvents(world.store, {
    ...scope,
    rootRunId: runId,
    runId,
    origin: 'workflow',
    events: events.map((event, index) => ({ ordinal: index + 1, event })),
  });

const newRun = async (body: object = start, headers: Record<string, string> = {}) =>
  (await world.call<Run>('POST', '/v1/runs', { body, headers })).body;

describe('S1 starting a run', () => {
  test('201 with Location; the signed start binds requester, agent and policy; content is only in the blob', async () => {
    const answer = await world.call<Run>('POST', '/v1/runs', { body: { ...start, labels: { team: 'a' } } });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/v1/runs/${answer.body.runId}`);
    expect(answer.body).toMatchObject({ agent: 'refunds', status: 'running', requester: 'ada', labels: { team: 'a' } });
    const sent = world.gateway.starts.at(-1);
    const command = StartCommand.parse(JSON.parse(sent?.start.bytes ?? ''));
    expect(command).toMatchObject({ runId: answer.body.runId, requester: { principal: 'ada', groups: ['support'] } });
    expect(sent?.start.bytes).not.toContain('order 7');
    const { body } = await world.call<RunDetail>('GET', `/v1/runs/${answer.body.runId}`);
    expect(body.input).toBe('Refund order 7.');
  });

  test('S1.6 a repeat sends the start again until the first event of the run proves that it started', async () => {
    const post = () =>
      world.call<Run>('POST', '/v1/runs', { body: start, headers: { 'idempotency-key': 'sent-again' } });
    const { runId } = (await post()).body;
    await post();
    const startsOf = () => world.gateway.starts.filter(({ address }) => address.runId === runId).length;
    expect(startsOf()).toBe(2);
    const run = await getRun(world.store, scope, runId);
    if (!run) throw new Error('no run');
    const { agent, agentDigest, policyDigest, inputRef } = run;
    const requester = { principal: 'ada', groups: ['support'] };
    const data = { agent, agentDigest, policyDigest, inputRef, requester };
    await happen(runId, { type: 'run.started', at: Date.now(), data });
    expect((await post()).body).toMatchObject({ runId, status: 'running' });
    expect(startsOf()).toBe(2);
  });

  test('S1.6 the same key and body give the same run, another body 422', async () => {
    const headers = { 'idempotency-key': 'order-7' };
    const first = await world.call<Run>('POST', '/v1/runs', { body: start, headers });
    const again = await world.call<Run>('POST', '/v1/runs', {
      body: start,
      headers: { 'idempotency-key': '"order-7"' },
    });
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body.runId).toBe(first.body.runId);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const other = await world.call('POST', '/v1/runs', { body: { ...start, input: 'Other.' }, headers });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
  });

  test('keys of two people are two runs', async () => {
    const { key } = await world.newKey({ principal: 'bob' });
    const headers = { 'idempotency-key': 'shared' };
    const one = await world.call<Run>('POST', '/v1/runs', { body: start, headers });
    const two = await world.call<Run>('POST', '/v1/runs', { body: start, headers, key });
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(one.body.runId).not.toBe(two.body.runId);
  });

  test('twenty duplicates at once: one 201, the rest 200, one run', async () => {
    const headers = { 'idempotency-key': 'twenty' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.call<Run>('POST', '/v1/runs', { body: start, headers })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(1);
  });

  test('a second unfinished run of a conversation is 409 and names the first', async () => {
    const body = { ...start, conversationId: 'ticket-1' };
    const first = await newRun(body);
    const second = await world.call('POST', '/v1/runs', { body });
    expect([second.status, second.body.code, second.body.runId]).toEqual([409, 'conversation_busy', first.runId]);
  });

  test('S0 Temporal down: 503 with Retry-After; a repeat with the key starts that very run', async () => {
    world.gateway.unavailable = unreachable;
    const headers = { 'idempotency-key': 'while-down' };
    const refused = await world.call('POST', '/v1/runs', { body: start, headers });
    expect([refused.status, refused.body.code]).toEqual([503, 'temporal_unavailable']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // From now on nothing is written for what could not be started.
    const { rows: before } = await world.store.pool.query('select count(*)::int as n from runs');
    expect((await world.call('POST', '/v1/runs', { body: start })).status).toBe(503);
    const { rows: after } = await world.store.pool.query('select count(*)::int as n from runs');
    expect(after).toEqual(before);
    expect((await world.call('GET', '/readyz')).status).toBe(503);
    expect((await world.call('GET', '/v1/runs')).status).toBe(200);

    world.gateway.unavailable = undefined;
    const repeated = await world.call<Run>('POST', '/v1/runs', { body: start, headers });
    expect([repeated.status, repeated.body.runId]).toEqual([200, refused.body.runId]);
    expect(world.gateway.starts.at(-1)?.address.runId).toBe(refused.body.runId);
    expect((await world.call('GET', '/readyz')).status).toBe(200);
  });
});

describe('reading runs', () => {
  test('lists newest first in pages without gap or repetition, by every filter', async () => {
    const { key } = await world.newKey({ principal: 'lister' });
    const ids: string[] = [];
    for (let number = 0; number < 5; number++) {
      const body = { ...start, labels: { lot: number < 2 ? 'a' : 'b' } };
      ids.unshift((await world.call<Run>('POST', '/v1/runs', { body, key })).body.runId);
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    do {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await world.call<Page<Run>>('GET', `/v1/runs?requester=lister&limit=2${query}`);
      seen.push(...page.body.data.map(({ runId }) => runId));
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(ids);
    const byLabel = await world.call<Page<Run>>('GET', '/v1/runs?requester=lister&label=lot=a');
    expect(byLabel.body.data.map(({ runId }) => runId)).toEqual(ids.slice(3));
    const ended = await world.call<Page<Run>>('GET', '/v1/runs?requester=lister&status=completed');
    expect(ended.body.data).toEqual([]);
  });

  test('Prefer: wait holds until the run suspends, and no longer', async () => {
    const { runId } = await newRun();
    const answer = world.call<RunDetail>('GET', `/v1/runs/${runId}`, { headers: { prefer: 'wait=20' } });
    await happen(runId, { type: 'run.suspended', at: Date.now(), data: {} });
    const { body, headers } = await answer;
    expect(body.status).toBe('suspended');
    expect(headers.get('preference-applied')).toBe('wait=20');
  });

  test('Prefer: wait gives up after its time, and answers at once where there is nothing to wait for', async () => {
    const { runId } = await newRun();
    const waited = await world.call<RunDetail>('GET', `/v1/runs/${runId}`, { headers: { prefer: 'wait=0' } });
    expect(waited.body.status).toBe('running');
    await happen(runId, { type: 'run.failed', at: Date.now(), data: { code: 'x', detail: 'y' } });
    const over = await world.call<RunDetail>('GET', `/v1/runs/${runId}`, {
      headers: { prefer: 'respond-async, wait=30' },
    });
    expect(over.body).toMatchObject({ status: 'failed', failure: { code: 'x', detail: 'y' }, eventSeq: 1 });
  });
});

describe('cancelling', () => {
  test('answers the run as it ended; twice is once', async () => {
    const { runId } = await newRun();
    world.gateway.onCancel = async () => {
      await happen(runId, { type: 'run.cancelled', at: Date.now(), data: { channel: 'api' } });
      return 'accepted' as const;
    };
    const body = { reason: 'Started by mistake.' };
    const first = await world.call<RunDetail>('POST', `/v1/runs/${runId}/cancel`, { body });
    expect([first.status, first.body]).toMatchObject([200, { status: 'cancelled', cancelled: true }]);
    const second = await world.call<RunDetail>('POST', `/v1/runs/${runId}/cancel`);
    expect([second.status, second.body]).toMatchObject([200, { status: 'cancelled', cancelled: true }]);
    expect(world.gateway.cancels.filter(({ address }) => address.runId === runId)).toHaveLength(1);
    expect(world.gateway.cancels.at(-1)?.command.bytes).not.toContain('mistake');
  });

  test('a run that ended otherwise is not cancelled', async () => {
    const { runId } = await newRun();
    await happen(runId, { type: 'run.completed', at: Date.now(), data: { receipts: [] } });
    const { status, body } = await world.call<RunDetail>('POST', `/v1/runs/${runId}/cancel`, { body: {} });
    expect([status, body]).toMatchObject([200, { status: 'completed', cancelled: false }]);
  });

  test('Temporal down: 503, and the request is kept for the reconciler', async () => {
    const { runId } = await newRun();
    world.gateway.unavailable = unreachable;
    const { status, body } = await world.call('POST', `/v1/runs/${runId}/cancel`);
    expect([status, body.code]).toEqual([503, 'temporal_unavailable']);
    const { body: run } = await world.call<RunDetail>('GET', `/v1/runs/${runId}`);
    expect(run.cancelRequested).toBe(true);
  });

  test('an unknown field is 400', async () => {
    const { runId } = await newRun();
    expect((await world.call('POST', `/v1/runs/${runId}/cancel`, { body: { why: 'x' } })).status).toBe(400);
  });
});

describe('artifacts', () => {
  test('are listed and handed out as downloads that may do nothing', async () => {
    const { runId } = await newRun();
    world.artifacts.set('out/Übersicht "x".html', '<script>alert(1)</script>');
    const list = await world.call<{ data: Artifact[] }>('GET', `/v1/runs/${runId}/artifacts`);
    const [artifact] = list.body.data;
    expect(artifact).toMatchObject({ path: 'out/Übersicht "x".html', bytes: 25 });
    const file = await world.call('GET', artifact?.links.self ?? '');
    expect([file.status, file.text]).toEqual([200, '<script>alert(1)</script>']);
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="_bersicht__x_.html"; filename*=UTF-8''%C3%9Cbersicht%20%22x%22.html`,
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
    });
    for (const path of ['none.md', '../secret', '..%2Fsecret', '%2e%2e/secret']) {
      expect((await world.call('GET', `/v1/runs/${runId}/artifacts/${path}`)).status).toBe(404);
    }
  });
});

test('agents are listed as new runs get them', async () => {
  const { body } = await world.call<{ data: object[] }>('GET', '/v1/agents');
  expect(body.data).toEqual([
    {
      name: 'refunds',
      description: 'Refunds orders.',
      digest: expect.stringMatching(/^sha256:/),
      execution: 'durable',
      model: 'scripted/refunds',
      fallbackModels: [],
      variables: {},
      tools: [{ name: 'refund', description: 'Pays an order back.', effect: 'once', timeoutMs: expect.any(Number) }],
      limits: expect.objectContaining({ modelStepTimeoutMs: 3_600_000, maxTurns: 100 }),
      artifacts: [],
    },
  ]);
});
