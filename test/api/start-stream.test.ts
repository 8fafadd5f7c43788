import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendDelta } from '../../src/store/deltas.ts';
import { appendEvents } from '../../src/store/events.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { completed, idsOf, readStream, turn } from './read-stream.ts';
import type { ReadOptions, Seen } from './read-stream.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const read = (...given: ReadOptions) => readStream(world, ...given);

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
  expect([idsOf(stream.seen), idsOf(again.seen)]).toEqual([
    [1, 2],
    [1, 2],
  ]);
});
