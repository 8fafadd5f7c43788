// S3 A server that closes while clients are at it: every request that was taken is answered, streams can be gone on with.
import { Agent, request as send } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { RunDetail } from '../../src/contract/runs.ts';
import { readEventStream } from '../support/event-reader.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld } from './api-world.ts';
import { scriptedRun } from './run-script.ts';

interface Outcome {
  readonly status: number;
  /** The server will close the connection after it. */
  readonly isLast: boolean;
}

/** One request on a kept connection; rejects where the connection ended without an answer. */
const ask = (agent: Agent, url: string, key: string, options: { method?: string; body?: string } = {}) =>
  new Promise<Outcome>((resolve, reject) => {
    const { method = 'GET', body } = options;
    const headers = { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) };
    const sent = send(url, { agent, method, headers }, (answer) => {
      answer.resume().on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, isLast: answer.headers.connection === 'close' }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });

test('S3 under traffic no request that was taken goes without an answer', async ({ annotate }) => {
  await using world = await createApiWorld();
  const run = await scriptedRun(world);
  const outcomes: Outcome[] = [];
  const lost: unknown[] = [];
  /** Asks as fast as it can until it is told to go elsewhere, as behind a balancer. */
  const client = async (index: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const isWriter = index % 4 === 0;
    const start = { method: 'POST', body: JSON.stringify({ agent: 'refunds', input: `Refund order ${index}.` }) };
    try {
      for (;;) {
        const path = isWriter ? '/v1/runs' : `/v1/runs/${run.runId}`;
        const outcome = await ask(agent, `${world.url}${path}`, world.key, isWriter ? start : {});
        outcomes.push(outcome);
        if (outcome.isLast) return;
      }
    } catch (error) {
      lost.push(error);
    } finally {
      agent.destroy();
    }
  };
  const clients = Array.from({ length: 24 }, (_, index) => client(index));
  await waitFor('traffic', () => outcomes.length > 200);
  await world.close();
  await Promise.all(clients);
  expect(lost).toEqual([]);
  const last = outcomes.filter(({ isLast }) => isLast);
  expect(last).toHaveLength(24);
  expect(outcomes.filter(({ status }) => ![200, 201].includes(status))).toEqual([]);
  await annotate(`${outcomes.length} requests, all answered; ${last.length} clients told to go elsewhere`);
});

test('S3 what is only held is answered at once, and streams end with a place to come back to', async () => {
  await using world = await createApiWorld();
  const run = await scriptedRun(world);
  await run.happens({ type: 'turn.started', at: Date.now(), data: { turn: 1 } });
  const held = world.call<RunDetail>('GET', `/v1/runs/${run.runId}`, { headers: { prefer: 'wait=30' } });
  const stream = await readEventStream({ url: world.url, key: world.key, runId: run.runId });
  await waitFor('the stream to have caught up', () => stream.seqs().length > 0);
  // By then the one before them is held.
  for (let call = 1; call <= 3; call += 1) await world.call('GET', `/v1/runs/${run.runId}`);
  const startedMs = performance.now();
  await world.close();
  expect(performance.now() - startedMs).toBeLessThan(4_000);
  expect(await held).toMatchObject({ status: 200, body: { status: 'running' } });
  await stream.ended;
  expect(stream.seen.at(-1)).toMatchObject({
    type: 'stream.closed',
    data: { lastEventId: String(stream.seqs().at(-1)) },
  });
});

test('S3 a connection that has been taken and never used does not hold the server', async () => {
  await using world = await createApiWorld();
  const agent = new Agent({ keepAlive: true });
  await ask(agent, `${world.url}/livez`, world.key);
  const [socket] = Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
  const closed = socket && once(socket, 'close');
  await world.close();
  await closed;
  await expect(ask(new Agent(), `${world.url}/livez`, world.key)).rejects.toThrow('ECONNREFUSED');
});
