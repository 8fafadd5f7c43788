/** Readers that do not read: they cost little, delay nobody, and are told where to come back to. */
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createParser } from 'eventsource-parser';
import { expect, test } from 'vitest';
import type { RunEventView } from '../../src/contract/events.ts';
import type { Page } from '../../src/contract/pagination.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { readSse } from '../support/sse-reader.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { scriptedRun } from './run-script.ts';
import type { ScriptedRun } from './run-script.ts';

const EVENTS = 300;
const EVENT_BYTES = 400_000;
const STUCK = 8;
const MIB = 1_048_576;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const memoryMib = (): number => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MIB;
};

/** Asks for a stream and takes nothing of it. */
const openStuck = (world: ApiWorld, path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${world.key}`, accept: 'text/event-stream' };
    get(`${world.url}${path}`, { headers, agent: false }, resolve).once('error', reject);
  });

async function muchHappens(run: ScriptedRun, events = EVENTS): Promise<void> {
  const resultRef = await run.keeps({ result: 'x'.repeat(EVENT_BYTES) });
  await run.happens(
    ...Array.from({ length: events }, (_, index): RunEvent => {
      const data = { toolCallId: `call_1_${index}`, tool: 'refund', resultRef };
      return { type: 'tool.completed', at: Date.now(), data };
    }),
  );
}

const turn = (number: number): RunEvent => ({ type: 'turn.started', at: Date.now(), data: { turn: number } });
const endedStreams = ({ logLines }: ApiWorld) => logLines.filter((line) => line.includes('"stream.send_ended"')).length;

test(
  'S1.12 readers that take nothing hold back little, and nobody else waits for them',
  { timeout: 90_000 },
  async ({ annotate }) => {
    await using world = await createApiWorld({ limits: { streamStallMs: 60_000 } });
    const [busy, quiet] = [await scriptedRun(world), await scriptedRun(world)];
    const path = `/v1/runs/${busy.runId}/events`;
    const bystander = await readSse(`${world.url}/v1/runs/${quiet.runId}/events`, world.key);
    const beforeMib = memoryMib();
    // Some are there before it happens, some come when all of it is stored.
    const stuck = await Promise.all(Array.from({ length: STUCK / 2 }, () => openStuck(world, path)));
    await muchHappens(busy);
    stuck.push(...(await Promise.all(Array.from({ length: STUCK / 2 }, () => openStuck(world, path)))));

    // Somebody who reads gets all of it meanwhile.
    const reader = await openStuck(world, path);
    let [last, text] = [0, ''];
    const parser = createParser({ onEvent: ({ id, data }) => void ([last, text] = [Number(id), data.slice(-80)]) });
    reader.setEncoding('utf8').on('data', (piece: string) => parser.feed(piece));
    await waitFor('all of it', () => last === EVENTS, { timeoutMs: 60_000 });
    expect(text).toContain('hash');
    reader.destroy();

    const startedMs = performance.now();
    await quiet.happens(turn(1));
    await waitFor('what happens elsewhere', () => bystander.seen.length === 1, { pollMs: 2 });
    const delayMs = performance.now() - startedMs;
    const grownMib = memoryMib() - beforeMib;
    await annotate(
      `${STUCK} stuck readers of ${Math.round((EVENTS * EVENT_BYTES) / MIB)} MiB each: ${grownMib.toFixed(1)} MiB more`,
    );
    await annotate(`an event elsewhere came after ${delayMs.toFixed(0)} ms`);
    // What the caches keep and a message each, of all that they have still to take.
    expect(grownMib).toBeLessThan((STUCK * EVENTS * EVENT_BYTES) / MIB / 8);
    expect(delayMs).toBeLessThan(2_000);
    expect(endedStreams(world)).toBe(1);
    bystander.stop();
    for (const one of stuck) one.destroy();
  },
);

test('S3.10 who takes nothing for long is told so, with the id to come back with, and misses nothing', async () => {
  await using world = await createApiWorld({ limits: { streamStallMs: 300 } });
  const run = await scriptedRun(world);
  await muchHappens(run, 80);
  const stuck = await openStuck(world, `/v1/runs/${run.runId}/events`);
  await waitFor('the server to give up', () => endedStreams(world) === 1);
  const seen: { event?: string | undefined; id?: string | undefined; data: string }[] = [];
  const parser = createParser({ onEvent: (event) => void seen.push(event) });
  for await (const piece of stuck.setEncoding('utf8')) parser.feed(String(piece));
  const closed = seen.at(-1);
  const lastId = seen.at(-2)?.id;
  expect(closed?.event).toBe('stream.closed');
  expect(JSON.parse(closed?.data ?? '{}')).toEqual({ lastEventId: lastId, code: 'reader_too_slow' });
  expect(seen.slice(0, -1).map(({ id }) => Number(id))).toEqual(seen.slice(0, -1).map((_, index) => index + 1));
  const { body } = await world.call<Page<RunEventView>>('GET', `/v1/runs/${run.runId}/events?after=${lastId}&limit=1`);
  expect(body.data[0]?.seq).toBe(Number(lastId) + 1);
});

test('a stream that cannot be read on says so, with the id to come back with', async () => {
  await using world = await createApiWorld();
  const run = await scriptedRun(world);
  await run.happens(turn(1));
  const stream = await readSse(`${world.url}/v1/runs/${run.runId}/events`, world.key);
  await waitFor('the first', () => stream.seen.length === 1);
  // What is stored is not what an event looks like.
  await world.store.pool.query(`create or replace function garble() returns trigger language plpgsql as $$
    begin new.body := 'x'; return new; end $$`);
  await world.store.pool.query(
    `create trigger garble before insert on run_events for each row execute function garble()`,
  );
  // More than a notification carries: they are read from the store.
  await run.happens(...Array.from({ length: 60 }, (_, index) => turn(index + 2)));
  await stream.ended;
  expect(stream.seen.at(-1)).toMatchObject({
    event: 'stream.closed',
    data: { lastEventId: '1', code: 'internal_error' },
  });
});
