import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, ProblemError, UnreachableError } from '../../src/client/index.ts';
import type { CountersignClient, RunStreamItem } from '../../src/client/index.ts';
import { createApiWorld } from '../api/api-world.ts';
import type { ApiWorld } from '../api/api-world.ts';
import { decidedEvent, scriptedRun } from '../api/run-script.ts';
import { waitFor } from '../support/wait-for.ts';
import { cuttableRelay } from '../support/cuttable-relay.ts';

let world: ApiWorld;
let client: CountersignClient;
beforeAll(async () => {
  world = await createApiWorld();
  client = createClient({ baseUrl: world.url, apiKey: world.key });
});
afterAll(() => world[Symbol.asyncDispose]());

test('starts, lists and gets runs; the same key is the same run', async () => {
  const run = await client.runs.start({ agent: 'refunds', input: 'Refund order 7.' }, { idempotencyKey: 'one' });
  const again = await client.runs.start({ agent: 'refunds', input: 'Refund order 7.' }, { idempotencyKey: 'one' });
  expect(again.runId).toBe(run.runId);
  expect((await client.runs.get(run.runId, { waitSeconds: 0 })).input).toBe('Refund order 7.');
  expect((await client.runs.list({ status: 'running', limit: 1 })).data).toHaveLength(1);
  expect((await client.agents.list()).map(({ name }) => name)).toEqual(['refunds']);
});

test('approvals are listed, shown and decided', async () => {
  const run = await scriptedRun(world);
  const approval = await run.asks();
  world.gateway.onDecide = async (_address, signed) => {
    await run.happens(decidedEvent(approval, signed));
    return 'accepted' as const;
  };
  const { data } = await client.approvals.listOfRun(run.runId, { status: 'pending' });
  const [pending] = data;
  if (!pending) throw new Error('nothing pends');
  expect((await client.approvals.get(pending)).arguments).toEqual({ order: 7, amount: 12.5 });
  const receipt = await client.approvals.decide(pending, { decision: 'approve', digest: pending.digest });
  expect(receipt.outcome).toBe('recorded');
  expect((await client.decisions.get(pending, receipt.decisionId)).outcome).toBe('recorded');
});

test('a problem is thrown with its code and what to do next', async () => {
  const error = await client.runs.get(`run_${'a'.repeat(26)}`).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ProblemError);
  expect(error).toMatchObject({ code: 'run_not_found', status: 404, problem: { next: expect.any(String) } });
});

test('a server that is not there is told apart from one that says no', async () => {
  const nowhere = createClient({ baseUrl: 'http://127.0.0.1:9', apiKey: world.key });
  await expect(nowhere.runs.list()).rejects.toBeInstanceOf(UnreachableError);
});

describe('S2 following a run', () => {
  test('over broken connections every event comes once and in order', async () => {
    await using relay = await cuttableRelay('127.0.0.1', Number(new URL(world.url).port));
    const follower = createClient({ baseUrl: `http://127.0.0.1:${relay.port}`, apiKey: world.key });
    const run = await scriptedRun(world);
    const items: RunStreamItem[] = [];
    let reconnects = 0;
    const following = (async () => {
      for await (const item of follower.runs.events(run.runId, { onReconnect: () => (reconnects += 1) }))
        items.push(item);
    })();
    for (let turn = 1; turn <= 30; turn++) {
      await run.happens({ type: 'turn.started', at: Date.now(), data: { turn } });
      if (turn % 10 === 0) {
        await waitFor('the events so far', () => items.length === turn);
        relay.drop();
      }
    }
    await run.happens({ type: 'run.completed', at: Date.now(), data: { receipts: [] } });
    await following;
    expect(items.flatMap((item) => (item.event === 'event' ? [item.id] : []))).toEqual(
      Array.from({ length: 31 }, (_, index) => index + 1),
    );
    expect(items.at(-1)).toEqual({ event: 'stream.end', data: { status: 'completed' } });
    expect(reconnects).toBeGreaterThanOrEqual(3);
  });

  test('giving up ends the iteration quietly', async () => {
    const run = await scriptedRun(world);
    await run.happens({ type: 'turn.started', at: Date.now(), data: { turn: 1 } });
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const item of client.runs.events(run.runId, { signal: abort.signal })) {
      seen.push(item.event);
      abort.abort();
    }
    expect(seen).toEqual(['event']);
  });

  test('a run that is not there is no reason to come back', async () => {
    const stream = client.runs.events(`run_${'a'.repeat(26)}`);
    await expect(stream.next()).rejects.toMatchObject({ code: 'run_not_found' });
  });
});

describe('a server that asks for patience', () => {
  /** Answers what it is told, one after the other, the last one for good. */
  async function answering(...answers: readonly ((response: ServerResponse) => void)[]) {
    const cameAtMs: number[] = [];
    const server = createHttpServer((_request, response) => {
      const answer = answers[Math.min(cameAtMs.length, answers.length - 1)];
      cameAtMs.push(performance.now());
      answer?.(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const close = async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    };
    return { url, cameAtMs, [Symbol.asyncDispose]: close };
  }
  const unavailable = (retryAfter?: string) => (response: ServerResponse) => {
    const headers = { 'content-type': 'application/problem+json', ...(retryAfter && { 'retry-after': retryAfter }) };
    response.writeHead(503, headers).end(JSON.stringify({ ...PROBLEM, status: 503, code: 'store_unavailable' }));
  };
  const stream = (text: string) => (response: ServerResponse) =>
    void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);
  const END = 'event: stream.end\ndata: {"status":"completed"}\n\n';
  const PROBLEM = { type: '/docs/errors/x', title: 'Away', detail: 'Away.', next: 'Wait.', requestId: 'req_1' };
  const follow = async (url: string) => {
    const seen: string[] = [];
    const runs = createClient({ baseUrl: url, apiKey: 'key' }).runs;
    for await (const item of runs.events(`run_${'a'.repeat(26)}`, { reconnectDelayMs: 1 })) seen.push(item.event);
    return seen;
  };

  test('Retry-After is waited for', async () => {
    await using server = await answering(unavailable('1'), stream(END));
    expect(await follow(server.url)).toEqual(['stream.end']);
    const [first = 0, second = 0] = server.cameAtMs;
    expect(second - first).toBeGreaterThanOrEqual(990);
  });

  test('a stream that the server closes is taken up again; what it does not know, it skips', async () => {
    const closing =
      'event: future.thing\ndata: {}\n\nevent: stream.closed\ndata: {"lastEventId":"0","code":"shutting_down"}\n\n';
    await using server = await answering(stream(closing), unavailable(), stream(END));
    expect(await follow(server.url)).toEqual(['stream.end']);
    expect(server.cameAtMs).toHaveLength(3);
  });

  test('what stands between and answers in HTML is named as such', async () => {
    await using server = await answering((response) => void response.writeHead(404).end('<html>nginx</html>'));
    const runs = createClient({ baseUrl: server.url, apiKey: 'key' }).runs;
    await expect(runs.list()).rejects.toMatchObject({ name: 'ProblemError', code: 'unexpected_answer', status: 404 });
  });

  test('a connection on which nothing arrives is given up and made anew', async () => {
    const silent = (response: ServerResponse) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    await using server = await answering(silent, stream(END));
    const runs = createClient({ baseUrl: server.url, apiKey: 'key' }).runs;
    const seen: string[] = [];
    const events = runs.events(`run_${'a'.repeat(26)}`, { reconnectDelayMs: 1, idleTimeoutMs: 1_000 });
    for await (const item of events) seen.push(item.event);
    expect(seen).toEqual(['stream.end']);
  });
});
