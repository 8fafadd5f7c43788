// S3 What each kind of request hears while Temporal is away: docs/how-to/when-a-part-is-down.md has the table.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { scriptedRun } from './run-script.ts';
import type { ScriptedRun } from './run-script.ts';

let world: ApiWorld;
let run: ScriptedRun;
beforeAll(async () => {
  world = await createApiWorld({ limits: { decisionWaitMs: 100 } });
  run = await scriptedRun(world);
});
afterAll(() => world[Symbol.asyncDispose]());

/** As gRPC says it. */
const away = () => Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: '', metadata: {} });
const ageOf = ({ headers }: { headers: Headers }) => headers.get('countersign-data-age');

test('S3 reads go on while Temporal is away, and say how long it has not been heard; writes hear 503 and change nothing', async () => {
  const approval = await run.asks();
  const path = `/v1/runs/${run.runId}`;
  expect(ageOf(await world.call('GET', path))).toBeNull();
  world.gateway.unavailable = away();
  const reads = [
    path,
    '/v1/runs',
    '/v1/approvals',
    `${path}/events`,
    `${path}/approvals/${approval.key}`,
    `${path}/audit`,
  ];
  await waitFor('a read that knows', async () => ageOf(await world.call('GET', '/v1/runs')) !== null);
  for (const read of reads) {
    const answer = await world.call('GET', read);
    expect([read, answer.status, ageOf(answer)]).toEqual([read, 200, expect.stringMatching(/^\d{1,2}$/)]);
  }
  const writes = [
    ['/v1/runs', { agent: 'refunds', input: 'Refund order 8.' }],
    [`${path}/approvals/${approval.key}/decisions`, { decision: 'approve', digest: approval.digest }],
    [`${path}/approvals/${approval.key}/extend`, { decideBy: new Date(Date.now() + 7_200_000).toISOString() }],
    [`${path}/block`, { reason: 'The customer has called.' }],
    [`${path}/cancel`, {}],
  ] as const;
  for (const [write, body] of writes) {
    const answer = await world.call('POST', write, { body });
    expect([write, answer.status, answer.body.code]).toEqual([write, 503, 'temporal_unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(ageOf(answer)).toBeNull();
  }
  // What needs the store alone is taken.
  const brake = await world.call('POST', '/v1/brakes', { body: { reason: 'Stop.', agent: 'refunds' } });
  const claim = await world.call('POST', `${path}/approvals/${approval.key}/claim`, { body: {} });
  expect([brake.status, claim.status]).toEqual([201, 200]);

  world.gateway.unavailable = undefined;
  await waitFor('reads that say nothing of it', async () => ageOf(await world.call('GET', '/v1/runs')) === null);
});

test('S3 a command that heard 503 is given again under its key, once Temporal is back', async () => {
  const blocked = await scriptedRun(world);
  const order = { body: { reason: 'The customer has called.' }, headers: { 'idempotency-key': 'block-once' } };
  const block = () => world.call('POST', `/v1/runs/${blocked.runId}/block`, order);
  world.gateway.unavailable = away();
  expect((await block()).status).toBe(503);
  world.gateway.unavailable = undefined;
  expect((await block()).status).toBe(202);
  const given = world.gateway.commands.filter(({ address }) => address.runId === blocked.runId);
  expect(given.map(({ name }) => name)).toEqual(['block']);
});
