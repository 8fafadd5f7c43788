import { createParser } from 'eventsource-parser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEventView } from '../../src/contract/events.ts';
import type { Page } from '../../src/contract/pagination.ts';
import type { Run } from '../../src/contract/runs.ts';
import { appendDelta } from '../../src/store/deltas.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { completed, idsOf, readStream, turn } from './read-stream.ts';
import type { ReadOptions, Seen } from './read-stream.ts';
import { scriptedRun } from './run-script.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld({ limits: { heartbeatMs: 100, streamsPerPrincipal: 3 } });
});
afterAll(() => world[Symbol.asyncDispose]());

const read = (...given: ReadOptions) => readStream(world, ...given);

describe('S2 the stream of a run', () => {
  test('gives what has happened, then what happens, then the end', async () => {
    const run = await scriptedRun(world);
    await run.happens(turn(1), turn(2));
    const stream = await read(`/v1/runs/${run.runId}/events`);
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.response.headers.get('x-run-id')).toBe(run.runId);
    await waitFor('the first two', () => stream.seen.length === 2);
    await run.happens(turn(3));
    await run.happens(completed());
    await stream.ended;
    expect(stream.seen.map(({ event }) => event)).toEqual([
      'turn.started',
      'turn.started',
      'turn.started',
      'run.completed',
      'stream.end',
    ]);
    expect(idsOf(stream.seen)).toEqual([1, 2, 3, 4]);
    expect(stream.seen[0]?.data).toMatchObject({ seq: 1, runId: run.runId, type: 'turn.started', data: { turn: 1 } });
    expect(stream.seen.at(-1)).toEqual({ event: 'stream.end', id: undefined, data: { status: 'completed' } });
  });

  test.each([0, 1, 3, 4, 5])('after %i nothing is lost or repeated, also after the run', async (after) => {
    const run = await scriptedRun(world);
    await run.happens(turn(1), turn(2), turn(3), turn(4), completed());
    const byHeader = await read(`/v1/runs/${run.runId}/events?after=0`, { 'last-event-id': String(after) });
    const byQuery = await read(`/v1/runs/${run.runId}/events?after=${after}`, { 'last-event-id': '' });
    await Promise.all([byHeader.ended, byQuery.ended]);
    const expected = [1, 2, 3, 4, 5].filter((seq) => seq > after);
    expect(idsOf(byHeader.seen)).toEqual(expected);
    expect(idsOf(byQuery.seen)).toEqual(expected);
    expect(byQuery.seen.at(-1)?.event).toBe('stream.end');
  });

  test('readers who join while events pour in miss and repeat nothing', async () => {
    const run = await scriptedRun(world);
    const reader = await world.newKey({ principal: 'pouring' });
    const streams: Awaited<ReturnType<typeof read>>[] = [];
    for (let number = 1; number <= 60; number++) {
      await run.happens(turn(number));
      if (number % 20 === 10) streams.push(await read(`/v1/runs/${run.runId}/events`, {}, reader.key));
    }
    await run.happens(completed());
    await Promise.all(streams.map(({ ended }) => ended));
    for (const { seen } of streams) expect(idsOf(seen)).toEqual(Array.from({ length: 61 }, (_, index) => index + 1));
  });

  test('more events than a page are all there', async () => {
    const run = await scriptedRun(world);
    await run.happens(...Array.from({ length: 450 }, (_, index) => turn(index + 1)), completed());
    const stream = await read(`/v1/runs/${run.runId}/events`);
    await stream.ended;
    expect(idsOf(stream.seen)).toHaveLength(451);
  });

  test('content is resolved, data has none of it', async () => {
    const run = await scriptedRun(world);
    const at = Date.now();
    const argumentsRef = await run.keeps({ order: 7 });
    const approval = await run.asks();
    await run.happens(
      {
        type: 'message.completed',
        at,
        data: {
          turn: 1,
          messageRef: await run.keeps({ text: 'I shall refund.', calls: [] }),
          finishReason: 'tool-calls',
          calls: [{ toolCallId: 'call_1_0', tool: 'refund', argumentsRef }],
        },
      },
      {
        type: 'tool.completed',
        at,
        data: { toolCallId: 'call_1_0', tool: 'refund', resultRef: await run.keeps({ result: 'paid' }) },
      },
      {
        type: 'tool.denied',
        at,
        data: {
          toolCallId: 'call_1_1',
          tool: 'refund',
          code: 'rejected',
          message: 'No.',
          reasonRef: await run.keeps({ text: 'Twice.' }),
        },
      },
      { type: 'run.completed', at, data: { receipts: [], messageRef: await run.keeps({ text: 'Done.', calls: [] }) } },
    );
    const { body } = await world.call<Page<RunEventView>>('GET', `/v1/runs/${run.runId}/events`);
    const contentOf = Object.fromEntries(body.data.map(({ type, content }) => [type, content]));
    expect(contentOf).toEqual({
      'approval.requested': { arguments: { order: 7, amount: 12.5 } },
      'run.suspended': undefined,
      'message.completed': {
        text: 'I shall refund.',
        calls: [{ toolCallId: 'call_1_0', tool: 'refund', arguments: { order: 7 } }],
      },
      'tool.completed': { text: 'paid', result: 'paid' },
      'tool.denied': { reason: 'Twice.' },
      'run.completed': { text: 'Done.' },
    });
    expect(JSON.stringify(body.data.map(({ data }) => data))).not.toMatch(/refund\.|paid|Twice|12\.5/);
    expect(approval.status).toBe('pending');
  });

  test('JSON pages by after and limit', async () => {
    const run = await scriptedRun(world);
    await run.happens(turn(1), turn(2), turn(3));
    const first = await world.call<Page<RunEventView>>('GET', `/v1/runs/${run.runId}/events?limit=2`);
    expect([first.body.data.length, first.body.nextCursor]).toEqual([2, '2']);
    const second = await world.call<Page<RunEventView>>('GET', `/v1/runs/${run.runId}/events?limit=2&after=2`);
    expect([second.body.data.map(({ seq }) => seq), second.body.nextCursor]).toEqual([[3], null]);
  });

  test('silence is filled with comments', async () => {
    const run = await scriptedRun(world);
    const stream = await read(`/v1/runs/${run.runId}/events`);
    await waitFor('a heartbeat', () => stream.comments.length > 0);
    expect(stream.comments[0]?.trim()).toBe('keep-alive');
    stream.stop();
  });

  test('POST /v1/runs streams at once to who asks for it', async () => {
    const stream = await read('/v1/runs', { 'content-type': 'application/json' }, world.key, {
      method: 'POST',
      body: JSON.stringify({ agent: 'refunds', input: 'x' }),
    });
    expect(stream.response.status).toBe(201);
    const runId = stream.response.headers.get('x-run-id') ?? '';
    expect(stream.response.headers.get('location')).toBe(`/v1/runs/${runId}`);
    const { body } = await world.call<Run>('GET', `/v1/runs/${runId}`);
    expect(body.runId).toBe(runId);
    stream.stop();
  });

  test('one stream too many is 429 until another has ended', async () => {
    const { key } = await world.newKey({ principal: 'crowd' });
    const run = await scriptedRun(world, key);
    const path = `/v1/runs/${run.runId}/events`;
    const streams = await Promise.all([1, 2, 3].map(() => read(path, {}, key)));
    const refused = await world.call('GET', path, { key, headers: { accept: 'text/event-stream' } });
    expect([refused.status, refused.body.code]).toEqual([429, 'too_many_streams']);
    streams[0]?.stop();
    await waitFor('room for another', async () => {
      const stream = await read(path, {}, key);
      stream.stop();
      return stream.response.status === 200;
    });
    for (const { stop } of streams) stop();
  });
});

describe('S2 the message being written', () => {
  const delta = (runId: string, offset: number, text: string, attempt = 1) =>
    appendDelta(world.store, { ...scope, rootRunId: runId, runId, turn: 1, attempt, offset, text, nowMs: Date.now() });

  const textOf = (seen: readonly Seen[]) => {
    let text = '';
    for (const { event, data } of seen) {
      if (event === 'message.snapshot') text = String(data['text']);
      if (event === 'message.delta') {
        expect(data['offset']).toBe(text.length);
        text += String(data['text']);
      }
      if (event === 'message.restarted') text = '';
    }
    return text;
  };

  test('pieces come as they are written; who joins late gets the message so far first', async () => {
    const run = await scriptedRun(world);
    await run.happens(turn(1));
    const early = await read(`/v1/runs/${run.runId}/events`);
    await waitFor('the first event', () => early.seen.length === 1);
    await delta(run.runId, 0, 'Dear ');
    await delta(run.runId, 5, 'customer');
    await waitFor('two pieces', () => textOf(early.seen) === 'Dear customer');
    const late = await read(`/v1/runs/${run.runId}/events`);
    await waitFor('a snapshot', () => late.seen.some(({ event }) => event === 'message.snapshot'));
    await delta(run.runId, 13, ', hello.');
    await waitFor(
      'the end of both',
      () => textOf(early.seen) === 'Dear customer, hello.' && textOf(late.seen) === textOf(early.seen),
    );
    expect(late.seen.map(({ event }) => event)).toEqual(['turn.started', 'message.snapshot', 'message.delta']);
    expect(
      late.seen.filter(({ event }) => event !== 'turn.started').every(({ id }) => id === undefined || id === '1'),
    ).toBe(true);
    early.stop();
    late.stop();
  });

  test('a piece that follows a gap becomes a snapshot', async () => {
    const run = await scriptedRun(world);
    const stream = await read(`/v1/runs/${run.runId}/events`);
    await delta(run.runId, 0, 'abc');
    await waitFor('the first piece', () => textOf(stream.seen) === 'abc');
    // Written, but its notification never came.
    await world.store.pool.query(
      `insert into message_deltas (run_id, turn, attempt, offset_chars, at, text)
       select run_id, turn, attempt, 3, at, 'def' from message_deltas where run_id = $1`,
      [run.runId],
    );
    await delta(run.runId, 6, 'ghi');
    await waitFor('the whole', () => textOf(stream.seen) === 'abcdefghi');
    expect(stream.seen.at(-1)).toMatchObject({
      event: 'message.snapshot',
      data: { text: 'abcdefghi', turn: 1, attempt: 1 },
    });
    stream.stop();
  });

  test('a new attempt begins anew', async () => {
    const run = await scriptedRun(world);
    const stream = await read(`/v1/runs/${run.runId}/events`);
    await delta(run.runId, 0, 'first try');
    await waitFor('the first try', () => textOf(stream.seen) === 'first try');
    await run.happens({ type: 'message.restarted', at: Date.now(), data: { turn: 1, code: 'model_unavailable' } });
    await delta(run.runId, 0, 'second', 2);
    await waitFor('the second try', () => textOf(stream.seen) === 'second');
    expect(stream.seen.map(({ event }) => event)).toContain('message.restarted');
    stream.stop();
  });
});

test('closing the server ends streams with a place to come back to', async () => {
  const other = await createApiWorld();
  const run = await scriptedRun(other);
  await run.happens(turn(1));
  const response = await fetch(`${other.url}/v1/runs/${run.runId}/events`, {
    headers: { authorization: `Bearer ${other.key}`, accept: 'text/event-stream' },
  });
  const seen: { event?: string | undefined; data: string }[] = [];
  const parser = createParser({ onEvent: (event) => void seen.push(event) });
  const reading = (async () => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) parser.feed(chunk);
  })();
  await waitFor('the event', () => seen.length === 1);
  await other[Symbol.asyncDispose]();
  await reading;
  expect(seen.at(-1)).toMatchObject({ event: 'stream.closed' });
  expect(JSON.parse(seen.at(-1)?.data ?? '{}')).toEqual({ lastEventId: '1', code: 'shutting_down' });
});
