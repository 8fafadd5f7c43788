import { createParser } from 'eventsource-parser';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { appendDelta } from '../../src/store/deltas.ts';
import { appendEvents } from '../../src/store/events.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

interface Seen {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

/** Reads a stream as a client would: what it has seen so far, and a promise for its end. */
async function read(path: string, headers: Record<string, string> = {}, key = world.key, init: RequestInit = {}) {
  const abort = new AbortController();
  const response = await fetch(`${world.url}${path}`, {
    headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream', ...headers },
    signal: abort.signal,
    ...init,
  });
  const seen: Seen[] = [];
  const comments: string[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) => void seen.push({ event, id, data: JSON.parse(data) }),
    onComment: (comment) => void comments.push(comment),
  });
  const ended = (async () => {
    if (!response.body) return;
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) parser.feed(chunk);
  })().catch(() => {});
  return { response, seen, comments, ended, stop: () => abort.abort() };
}

const turn = (number: number): RunEvent => ({ type: 'turn.started', at: Date.now(), data: { turn: number } });
const completed = (): RunEvent => ({ type: 'run.completed', at: Date.now(), data: { receipts: [] } });
const ids = (seen: readonly Seen[]) => seen.flatMap(({ id }) => (id ? [Number(id)] : []));

test('a stream that starts its run has what happens before the answer is out, pieces of messages too', async () => {
  const place = (runId: string) => ({ ...scope, rootRunId: runId, runId });
  const { onStart } = world.gateway;
  world.gateway.onStart = async ({ address: { runId } }) => {
    const events = [{ ordinal: 1, event: turn(1) }];
    await appendEvents(world.store, { ...place(runId), origin: 'workflow', events });
    const piece = { turn: 1, attempt: 1, offset: 0, text: 'Refund', nowMs: Date.now() };
    await appendDelta(world.store, { ...place(runId), ...piece });
  };
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'streamed' };
  const init = { method: 'POST', body: JSON.stringify({ agent: 'refunds', input: 'x' }) };
  const stream = await read('/v1/runs', headers, world.key, init).finally(() => {
    world.gateway.onStart = onStart;
  });
  await waitFor('the piece', () => stream.seen.length === 2);
  const runId = stream.response.headers.get('x-run-id') ?? '';
  const again = await read('/v1/runs', headers, world.key, init);
  expect(again.response.status).toBe(200);
  await waitFor('the message so far', () => again.seen.length === 2);
  const end = [{ ordinal: 2, event: completed() }];
  await appendEvents(world.store, { ...place(runId), origin: 'workflow', events: end });
  await Promise.all([stream.ended, again.ended]);
  const kinds = (seen: readonly Seen[]) => seen.map(({ event }) => event);
  expect(kinds(stream.seen)).toEqual(['turn.started', 'message.delta', 'run.completed', 'stream.end']);
  expect(kinds(again.seen)).toEqual(['turn.started', 'message.snapshot', 'run.completed', 'stream.end']);
  expect([ids(stream.seen), ids(again.seen)]).toEqual([
    [1, 2],
    [1, 2],
  ]);
});
