// Layers that are put name groups that the deployment knows, as agents do.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PolicyLayerVersion } from '../../src/contract/policy.ts';
import type { Problem } from '../../src/contract/problem.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  const people = { groups: ['legal'], members: { finance: ['ada', 'ben'] } };
  world = await createApiWorld({ dependencies: { people } });
});
afterAll(() => world[Symbol.asyncDispose]());

type Answered = PolicyLayerVersion & Problem & { errors?: { pointer: string; detail: string }[] };
const ruleFor = (approvers: object) => [{ id: 'ask', match: '*', effect: 'ask', approvers }];
const put = (approvers: object, layer = 'project') =>
  world.call<Answered>('PUT', `/v1/policy/layers/${layer}`, { body: { rules: ruleFor(approvers) } });

test.each([
  ['a group that there is not', { groups: ['finance', 'finanec'] }, '/rules/0/approvers/groups/1', /finanec/],
  [
    'more approvals than the group has members',
    { groups: ['finance'], approvals: 3 },
    '/rules/0/approvers/approvals',
    /3/,
  ],
])('B12 a layer with %s is refused, and nothing is changed', async (_what, approvers, pointer, detail) => {
  for (const layer of ['project', 'deployment']) {
    const refused = await put(approvers, layer);
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid_policy']);
    expect(refused.body.errors).toMatchObject([{ pointer, detail: expect.stringMatching(detail) }]);
    const kept = await world.call<{ history: unknown[] }>('GET', `/v1/policy/layers/${layer}`);
    expect(kept.body.history ?? []).toEqual([]);
  }
  const simulated = await world.call<Answered>('POST', '/v1/policy/simulate', {
    body: { agent: 'refunds', tool: 'refund', layers: [{ name: 'project', rules: ruleFor(approvers) }] },
  });
  expect([simulated.status, simulated.body.errors?.[0]?.pointer]).toEqual([422, `/layers/0${pointer}`]);
});

test('B12 a layer with groups that there are holds', async () => {
  expect((await put({ groups: ['finance'], approvals: 2 })).status).toBe(200);
  expect((await put({ groups: ['legal'], approvals: 9 })).status).toBe(200);
});
