/** A run that has used up its budget asks, and goes on or ends as people say. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RuleInput } from '../../src/domain/policy/policy-schema.ts';
import type { AgentSource } from '../../src/adapters/agents/define-agent.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { StartedRun, World } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { testWorld } from '../support/world.ts';

const look = recordingTool('look', { effect: 'none' });
const budgeted = (name: string, budget: NonNullable<AgentSource['limits']['budget']>): AgentSource =>
  testAgent({
    name,
    tools: [look],
    // An agent has no say in its own budget.
    policy: [{ id: 'all', match: '*', effect: 'allow' }],
    limits: { budget, maxTurns: 2 },
    script: [asksFor('look', {}), asksFor('look', { text: 'b' }), asksFor('look', { text: 'c' }), says('Done.')],
  });

const agents = [
  budgeted('turns', { turns: 1 }),
  budgeted('tokens', { tokens: 1 }),
  budgeted('wide', { tokens: 1_000_000, turns: 9 }),
];

let world: World;
beforeAll(async () => {
  world = await testWorld({ agents, time: 'skipped' });
});
afterAll(() => world[Symbol.asyncDispose]());

const started = async (agent = 'turns'): Promise<StartedRun> => (await world.person('anna')).startRun({ agent });

describe('S1.14 the budget is used up', () => {
  test('the run asks once its calls are settled, in the inbox with all that there is to say; approved, it goes on', async () => {
    const run = await started();
    const approval = await run.pending();
    expect(approval).toMatchObject({
      key: 'limit_1',
      kind: 'limit',
      toolCallId: 'limit_1',
      tool: { name: 'limit:turns' },
      arguments: { turns: 2 },
      allowedDecisions: ['approve', 'edit', 'reject'],
      grantable: null,
      viewer: { canDecide: true },
    });
    expect(await run.get()).toMatchObject({ status: 'suspended' });
    expect(look.calls.length).toBeGreaterThan(0);
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
    const second = await run.pending();
    expect(second).toMatchObject({ key: 'limit_2', arguments: { turns: 3 } });
    await run.decide(second, 'edit', { arguments: { turns: 50 } });
    expect(await run.ends()).toMatchObject({ status: 'completed', output: 'Done.' });
    const told = (await run.events()).filter(({ type }) => type.startsWith('budget.'));
    expect(told.map(({ type, data }) => [type, data['key'], data['budget']])).toEqual([
      ['budget.reached', 'limit_1', { turns: 2 }],
      ['budget.raised', 'limit_1', { turns: 2 }],
      ['budget.reached', 'limit_2', { turns: 3 }],
      ['budget.raised', 'limit_2', { turns: 50 }],
    ]);
    expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
  });

  test('rejected, the run fails and keeps all that was done', async () => {
    const run = await started('tokens');
    const approval = await run.pending();
    expect(approval.tool.name).toBe('limit:tokens');
    await run.decide(approval, 'reject', { reason: 'Enough.' });
    expect(await run.ends()).toMatchObject({ status: 'failed', failure: { code: 'budget_exceeded' } });
    expect(await run.types()).toContain('tool.completed');
    expect((await run.approvals())[0]).toMatchObject({ status: 'rejected', decision: { reason: 'Enough.' } });
  });

  test('nobody decides: the run fails at the deadline', async () => {
    const run = await started();
    await run.pending();
    await world.skip('25h');
    expect(await run.ends()).toMatchObject({ status: 'failed', failure: { code: 'budget_exceeded' } });
    expect((await run.approvals())[0]).toMatchObject({ status: 'expired' });
  });

  test('cancelled, it asks no more', async () => {
    const run = await started();
    await run.pending();
    await run.cancel();
    expect(await run.ends()).toMatchObject({ status: 'cancelled' });
    expect((await run.approvals())[0]).toMatchObject({ status: 'withdrawn' });
  });

  test.each([
    [{}, 'a total is missing'],
    [{ turns: 0 }, 'nothing is no total'],
    [{ turns: 1.5 }, 'nor is a half'],
    [{ turns: 5, retries: 1 }, 'nor anything else'],
  ])('an edit to %j is refused and changes nothing: %s', async (args, _why) => {
    const run = await started();
    const approval = await run.pending();
    expect(await run.decide(approval, 'edit', { arguments: args })).toMatchObject({
      status: 422,
      body: { code: 'invalid_arguments' },
    });
    expect(await run.pending()).toMatchObject({ status: 'pending', digest: approval.digest });
    await run.cancel();
  });

  test('the digest binds the totals: another one does not approve', async () => {
    const run = await started();
    const approval = await run.pending();
    const other = { ...approval, digest: `sha256:${'0'.repeat(64)}` };
    expect(await run.decide(other, 'approve')).toMatchObject({ status: 409, body: { code: 'digest_mismatch' } });
    await run.cancel();
  });
});

test('S1.14 a run within its budget is asked nothing, and maxTurns does not count beside a budget of turns', async () => {
  const run = await started('wide');
  expect(await run.ends()).toMatchObject({ status: 'completed' });
  expect(await run.approvals()).toEqual([]);
});

describe('S1.14 deployment rules for limit:*', () => {
  test('say who may decide', async () => {
    const rule: RuleInput = {
      id: 'budgets',
      match: 'limit:*',
      effect: 'ask',
      approvers: { groups: ['finance'], notRequester: true },
    };
    await using strict = await testWorld({ agents, deployment: [rule] });
    const anna = await strict.person('anna');
    const run = await anna.startRun({ agent: 'turns' });
    const approval = await run.pending();
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 403 });
    const finn = await strict.person('finn', { groups: ['finance'] });
    expect(await finn.run(run.runId).decide(approval, 'edit', { arguments: { turns: 99 } })).toMatchObject({
      status: 200,
    });
    // Others must agree to what finn made of it.
    const revised = await run.pending();
    expect(revised).toMatchObject({ revision: 2, arguments: { turns: 99 }, editor: 'finn' });
    const fay = await strict.person('fay', { groups: ['finance'] });
    await fay.run(run.runId).decide(revised, 'approve');
    expect(await run.ends()).toMatchObject({ status: 'completed' });
    expect((await run.events()).find(({ type }) => type === 'budget.raised')?.data['budget']).toEqual({ turns: 99 });
  });

  test('an allow still asks, a deny fails the run at once', async () => {
    await using lenient = await testWorld({ agents, deployment: [{ id: 'all', match: '*', effect: 'allow' }] });
    const asked = await (await lenient.person('anna')).startRun({ agent: 'turns' });
    expect(await asked.pending()).toMatchObject({ kind: 'limit' });
    await asked.cancel();
    await using strict = await testWorld({ agents, deployment: [{ id: 'never', match: 'limit:*', effect: 'deny' }] });
    const denied = await (await strict.person('anna')).startRun({ agent: 'turns' });
    expect(await denied.ends()).toMatchObject({ status: 'failed', failure: { code: 'budget_exceeded' } });
    expect(await denied.approvals()).toEqual([]);
  });
});
