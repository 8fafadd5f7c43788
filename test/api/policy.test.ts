import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from '../../src/contract/pagination.ts';
import type { PolicyLayerHistory, PolicyLayerVersion, PolicySimulation } from '../../src/contract/policy.ts';
import type { Problem } from '../../src/contract/problem.ts';
import { readAudit } from '../../src/store/audit-events.ts';
import { putDefinition } from '../../src/store/definitions.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { cashierDefinition } from './cashier.ts';
import { agentDigestOf } from './definition.ts';

let world: ApiWorld;
let projectAdmin: string;
let operator: string;
let requester: string;
beforeAll(async () => {
  world = await createApiWorld();
  projectAdmin = (await world.newKey({ principal: 'adele', roles: ['admin'] })).key;
  operator = (await world.newKey({ principal: 'otto', roles: ['operator'] })).key;
  requester = (await world.newKey({ principal: 'rita', roles: ['requester'] })).key;
  const definition = cashierDefinition();
  await putDefinition(world.store, scope, definition, agentDigestOf(definition));
});
afterAll(() => world[Symbol.asyncDispose]());

const simulate = (body: object, key = operator) =>
  world.call<PolicySimulation & Problem>('POST', '/v1/policy/simulate', { key, body });
const put = (layer: string, body: object, key = projectAdmin) =>
  world.call<PolicyLayerVersion & Problem>('PUT', `/v1/policy/layers/${layer}`, { key, body });
const get = (layer: string) =>
  world.call<PolicyLayerHistory & Problem>('GET', `/v1/policy/layers/${layer}`, { key: operator });

const strict = { name: 'project', rules: [{ id: 'all', match: '*', effect: 'ask', approvers: { approvals: 2 } }] };

describe('B12 simulate', () => {
  test('of an agent as it is', async () => {
    const small = await simulate({ agent: 'cashier', tool: 'refund', arguments: { amount: 20 } });
    expect(small.status).toBe(200);
    expect(small.body.verdict).toMatchObject({ effect: 'allow', ruleId: 'small', layer: 'agent' });
    const large = await simulate({ agent: 'cashier', tool: 'refund', arguments: { amount: 101 } });
    expect(large.body.verdict).toMatchObject({ effect: 'ask', approverRules: [{ groups: ['finance'] }] });
    expect(large.body.matched).toEqual([
      { layer: 'agent', ruleId: 'large', effect: 'ask', errored: false, overridden: false },
    ]);
    expect(large.body.layers).toEqual([{ name: 'agent', mode: 'enforce', rules: 2, source: 'agent' }]);
  });

  test('with layers in the place of those of their names, and beside the others', async () => {
    const call = { tool: 'refund', arguments: { amount: 20 } };
    const looser = { name: 'agent', rules: [{ id: 'free', match: '*', effect: 'allow' }] };
    const both = await simulate({ agent: 'cashier', ...call, layers: [strict] });
    expect(both.body.verdict).toMatchObject({ effect: 'ask', ruleId: 'all', layer: 'project' });
    expect(both.body.layers.map(({ name, source }) => `${name} ${source}`)).toEqual([
      'project proposed',
      'agent agent',
    ]);
    const replaced = await simulate({ agent: 'cashier', ...call, arguments: { amount: 900 }, layers: [looser] });
    expect(replaced.body.verdict).toMatchObject({ effect: 'allow', ruleId: 'free' });
    const alone = await simulate({ ...call, layers: [looser] });
    expect(alone.body.verdict).toMatchObject({ effect: 'allow', ruleId: 'free' });
    const shadow = await simulate({ agent: 'cashier', ...call, layers: [{ ...strict, mode: 'shadow' }] });
    expect(shadow.body.verdict).toMatchObject({ effect: 'allow', shadow: { effect: 'ask', ruleId: 'all' } });
  });

  test('conditions see requester, run and usage as they are given', async () => {
    const when = "'vip' in requester.groups && run.turn > 5 && usage.toolCalls == 7 && tool.effect == 'none'";
    const layers = [{ name: 'agent', rules: [{ id: 'vip', match: '*', effect: 'allow', when }] }];
    const facts = { requester: { groups: ['vip'] }, run: { turn: 6 }, usage: { toolCalls: 7 }, effect: 'none' };
    expect((await simulate({ layers, tool: 'refund', ...facts })).body.verdict.effect).toBe('allow');
    expect((await simulate({ layers, tool: 'refund', ...facts, run: { turn: 5 } })).body.verdict.effect).toBe('ask');
  });

  test.each<[string, object, number, string, string?]>([
    ['neither agent nor layers', { tool: 'refund' }, 400, 'invalid_request', '/agent'],
    ['an unknown agent', { agent: 'nobody', tool: 'refund' }, 422, 'unknown_agent'],
    ['a tool that the agent lacks', { agent: 'cashier', tool: 'deploy' }, 400, 'invalid_request', '/tool'],
    ['an unknown field', { agent: 'cashier', tool: 'refund', args: {} }, 400, 'invalid_request'],
    [
      'a rule with a fault',
      { layers: [{ name: 'agent', rules: [{ id: 'x' }] }], tool: 'refund' },
      422,
      'invalid_policy',
      '/layers/0/rules/0/match',
    ],
    [
      'a condition that does not parse',
      { layers: [{ name: 'agent', rules: [{ id: 'x', match: '*', effect: 'ask', when: 'args.(' }] }], tool: 'refund' },
      422,
      'invalid_policy',
      '/layers/0/rules/0/when',
    ],
    [
      'too many rules',
      {
        layers: Array.from({ length: 2 }, () => ({ name: 'agent', rules: Array.from({ length: 200 }, () => ({})) })),
        tool: 'refund',
      },
      400,
      'invalid_request',
      '/layers',
    ],
  ])('%s', async (_name, body, status, code, pointer) => {
    const answer = await simulate(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    if (pointer !== undefined) expect(answer.body.errors?.map((error) => error.pointer)).toContain(pointer);
  });

  test('is for those who run the place', async () => {
    expect((await simulate({ agent: 'cashier', tool: 'refund' }, requester)).body.code).toBe('forbidden');
    const auditor = await world.newKey({ principal: 'audrey', roles: ['auditor'] });
    expect((await simulate({ agent: 'cashier', tool: 'refund' }, auditor.key)).status).toBe(200);
  });
});

describe('layers that are kept', () => {
  const rules = [{ id: 'big', match: '*', when: 'args.amount > 50', effect: 'ask', decideWithin: '2h' }];

  test('an admin puts one; it is read back, listed, audited, and holds for simulations', async () => {
    const { status, body } = await put('project', { rules });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: 'project',
      mode: 'enforce',
      putBy: 'adele',
      rules: [{ id: 'big', decideWithinMs: 7_200_000 }],
    });
    expect((await get('project')).body).toMatchObject({ enforced: body, shadow: null, history: [body] });
    const list = await world.call<Page<PolicyLayerVersion>>('GET', '/v1/policy/layers', { key: operator });
    expect(list.body.data).toEqual([body]);
    const events = await readAudit(world.store, scope.tenant, { after: 0, limit: 1_000 });
    const puts = events.filter((event) => event.type === 'policy.layer_put');
    expect(puts.map(({ actor, data }) => [actor?.principal, data['layer'], data['policyDigest']])).toEqual([
      ['adele', 'project', body.digest],
    ]);
    const simulated = await simulate({ agent: 'cashier', tool: 'refund', arguments: { amount: 60 } });
    expect(simulated.body.verdict).toMatchObject({ effect: 'ask', ruleId: 'big' });
    expect(simulated.body.layers.map(({ name, source }) => `${name} ${source}`)).toEqual([
      'project today',
      'agent agent',
    ]);
    expect((await simulate({ agent: 'cashier', tool: 'refund', arguments: { amount: 5 } })).body.verdict.effect).toBe(
      'allow',
    );
  });

  test('the same again changes nothing; a shadow stands beside it until it has no rules', async () => {
    const first = (await get('project')).body;
    await put('project', { rules });
    expect((await get('project')).body).toEqual(first);
    const tried = await put('project', { mode: 'shadow', rules: [{ id: 'none', match: '*', effect: 'deny' }] });
    expect((await get('project')).body).toMatchObject({ enforced: first.enforced, shadow: tried.body });
    expect((await simulate({ agent: 'cashier', tool: 'refund', arguments: { amount: 60 } })).body.verdict.effect).toBe(
      'ask',
    );
    await put('project', { mode: 'shadow', rules: [] });
    expect((await get('project')).body.history).toHaveLength(3);
  });

  test('what the deployment leaves to agents, they have answered', async () => {
    await put('deployment', { rules: [{ id: 'unless', match: '*', effect: 'deny', overridable: true }] });
    await put('project', { rules: [] });
    expect((await simulate({ agent: 'cashier', tool: 'refund', arguments: { amount: 5 } })).body.verdict.effect).toBe(
      'allow',
    );
    expect((await simulate({ agent: 'refunds', tool: 'refund' })).body.verdict).toMatchObject({
      effect: 'deny',
      ruleId: 'unless',
    });
    expect((await put('deployment', { mode: 'off', rules: [] })).body.mode).toBe('off');
    expect((await simulate({ agent: 'refunds', tool: 'refund' })).body.verdict.effect).toBe('ask');
  });

  test.each<[string, string, object, number, string, string?]>([
    ['an unknown layer', 'agent', { rules: [] }, 400, 'invalid_request'],
    [
      'a rule with a fault',
      'project',
      { rules: [{ id: 'x', match: '*', effect: 'maybe' }] },
      422,
      'invalid_policy',
      '/rules/0/effect',
    ],
    [
      'what only the deployment may say',
      'project',
      { rules: [{ id: 'x', match: '*', effect: 'ask', onExpire: 'allow' }] },
      422,
      'invalid_policy',
      '/rules/0/onExpire',
    ],
    ['off, of a project', 'project', { mode: 'off', rules: [] }, 422, 'invalid_policy', '/mode'],
    [
      'a quorum that nobody can reach',
      'project',
      { rules: [{ id: 'x', match: '*', effect: 'ask', approvers: { users: ['a'], approvals: 2 } }] },
      422,
      'invalid_policy',
      '/rules/0/approvers/approvals',
    ],
    ['no rules at all', 'project', {}, 400, 'invalid_request'],
  ])('refused: %s', async (_name, layer, body, status, code, pointer) => {
    const before = (await get('project')).body;
    const answer = await put(layer, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    if (pointer !== undefined) expect(answer.body.errors?.map((error) => error.pointer)).toEqual([pointer]);
    expect((await get('project')).body).toEqual(before);
  });

  test('nobody but an admin', async () => {
    expect((await put('project', { rules }, operator)).body.code).toBe('forbidden');
    expect((await put('deployment', { rules }, requester)).body.code).toBe('forbidden');
  });
});
