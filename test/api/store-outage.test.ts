// PostgreSQL goes away under a running API and comes back: real server, real connections, cut in between.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Run, RunDetail } from '../../src/contract/runs.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { cuttableRelay } from '../support/cuttable-relay.ts';
import type { CuttableRelay } from '../support/cuttable-relay.ts';
import { scriptedRun } from './run-script.ts';

let world: ApiWorld;
let relay: CuttableRelay;
beforeAll(async () => {
  world = await createApiWorld({
    through: async (databaseUrl) => {
      const url = new URL(databaseUrl);
      relay = await cuttableRelay(url.hostname, Number(url.port));
      url.hostname = '127.0.0.1';
      url.port = String(relay.port);
      return url.href;
    },
  });
});
afterAll(async () => {
  relay.restore();
  await world[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
});

const start = { agent: 'refunds', input: 'Refund order 7.' };

test('PostgreSQL down: 503 with Retry-After everywhere, the process stays up and recovers by itself', async () => {
  const { body: run } = await world.call<Run>('POST', '/v1/runs', { body: start });
  relay.cut();
  for (const [method, path, body] of [
    ['GET', '/v1/runs', undefined],
    ['GET', `/v1/runs/${run.runId}`, undefined],
    ['POST', '/v1/runs', start],
    ['POST', `/v1/runs/${run.runId}/cancel`, {}],
  ] as const) {
    const answer = await world.call(method, path, { body });
    expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 503, 'store_unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.text).not.toMatch(/ECONN|postgres|127\.0\.0\.1/i);
  }
  const ready = await world.call<{ checks: object }>('GET', '/readyz');
  expect([ready.status, ready.body.checks]).toEqual([503, { store: 'unavailable', temporal: 'ok' }]);
  expect((await world.call('GET', '/livez')).status).toBe(200);

  relay.restore();
  const back = await waitFor('the store to be back', async () => {
    const answer = await world.call<RunDetail>('GET', `/v1/runs/${run.runId}`);
    return answer.status === 200 && answer.body;
  });
  expect(back.runId).toBe(run.runId);
  expect((await world.call('GET', '/readyz')).status).toBe(200);
});

test('a held request outlives the outage', async () => {
  const run = await scriptedRun(world);
  const held = world.call<RunDetail>('GET', `/v1/runs/${run.runId}`, { headers: { prefer: 'wait=25' } });
  // By then the one before them is held, and reads nothing that could be cut.
  for (let call = 1; call <= 3; call += 1) await world.call('GET', `/v1/runs/${run.runId}`);
  relay.cut();
  relay.restore();
  await waitFor('the store to be back', async () => (await world.call('GET', '/v1/runs')).status === 200);
  await run.happens({ type: 'run.suspended', at: Date.now(), data: {} });
  expect((await held).body.status).toBe('suspended');
});
