/** Trees of runs as one: what they are at, what stops them, who may do what in them. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowId } from '../../src/domain/core/ids.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { desk, guarded, refund, remembered, subRunOf, thrifty } from '../support/called-agents.ts';
import { verifiedExport } from '../support/verified-export.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

let world: World;
let anna: Person;
beforeAll(async () => {
  world = await testWorld({ agents: [desk, guarded, remembered, thrifty] });
  anna = await world.person('anna');
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

describe('a tree that stands still', () => {
  /** Up to the cashier's request. */
  const untilAsked = async () => {
    const run = await anna.startRun({ agent: 'desk' });
    await run.decide(await run.pending(), 'approve');
    const clerkRun = subRunOf(anna, run);
    const cashierRun = subRunOf(anna, clerkRun, run.runId);
    await run.event('approval.requested', 2);
    return { run, clerkRun, cashierRun, approval: await cashierRun.pending() };
  };
  const statuses = (...runs: StartedRun[]) => Promise.all(runs.map(async (one) => (await one.get()).status));

  test('S1.15 is suspended up to its root, and goes on with the decision', { timeout: 60_000 }, async () => {
    const { run, clerkRun, cashierRun, approval } = await untilAsked();
    await waitFor('the root to be suspended', async () => (await run.get()).status === 'suspended');
    expect(await statuses(run, clerkRun, cashierRun)).toEqual(['suspended', 'suspended', 'suspended']);
    await cashierRun.decide(approval, 'reject');
    await run.event('approval.requested', 3);
    const question = await cashierRun.pending();
    await cashierRun.decide(question, 'respond', { response: 'No.' });
    expect(await run.ends()).toMatchObject({ status: 'completed' });
    expect(
      (await run.events()).filter(({ type }) => type === 'sub_run.changed').map(({ data }) => data['status']),
    ).toContain('running');
  });

  test(
    'S1.15 S4.1 a block goes down the tree, a note lifts it, and what was blocked for itself stays blocked',
    { timeout: 90_000 },
    async () => {
      const { run, clerkRun, cashierRun, approval } = await untilAsked();
      await run.block('Look at this first.');
      await waitFor('the cashier to be blocked', async () => (await cashierRun.get()).status === 'needs_attention');
      expect(await statuses(run, clerkRun, cashierRun)).toEqual([
        'needs_attention',
        'needs_attention',
        'needs_attention',
      ]);
      expect((await cashierRun.get()).attentions).toMatchObject([{ code: 'blocked_above', action: 'unblock' }]);
      await cashierRun.block('And this.');
      expect(await cashierRun.decide(approval, 'approve')).toMatchObject({ status: 200 });

      expect(await run.unblock('It is all right.')).toMatchObject({ status: 200 });
      await waitFor('the block from above to be lifted', async () => (await cashierRun.get()).attentions.length === 1);
      expect((await cashierRun.get()).attentions).toMatchObject([{ code: 'blocked' }]);
      await waitFor('the clerk to wait', async () => (await clerkRun.get()).status === 'suspended');

      await cashierRun.unblock();
      await run.event('approval.requested', 3);
      await cashierRun.decide(await cashierRun.pending(), 'respond', { response: 'No.' });
      expect(await run.ends()).toMatchObject({ status: 'completed' });
      expect(await verifiedExport(world, anna, run.runId)).toMatchObject({ ok: true, faults: [], notes: [] });
    },
  );

  test('S1.15 what a tree uses is the sum of what its runs use, counted once', { timeout: 60_000 }, async () => {
    const { run, cashierRun, approval } = await untilAsked();
    await cashierRun.decide(approval, 'reject');
    await run.event('approval.requested', 3);
    await cashierRun.decide(await cashierRun.pending(), 'reject');
    await run.ends();
    const used = (await run.events()).filter(({ type }) => type === 'usage.recorded');
    const sum = (events: typeof used) => events.reduce((total, { data }) => total + Number(data['inputTokens']), 0);
    const segments = used.filter(({ data }) => data['subRunId'] === undefined);
    const atRoot = used.filter(({ runId }) => runId === run.runId);
    expect(segments.length).toBeGreaterThan(5);
    expect(sum(atRoot)).toBe(sum(segments));
  });
});

test('S1.14 S1.15 what an agent used that was called is held against its caller’s budget, before the next turn begins', async () => {
  const run = await anna.startRun({ agent: 'thrifty' });
  const approval = await run.pending();
  expect(approval).toMatchObject({ kind: 'limit', runId: run.runId });
  const types = (await run.events()).filter(({ runId }) => runId === run.runId).map(({ type }) => type);
  expect(types.filter((type) => type === 'turn.started')).toHaveLength(1);
  expect(types.indexOf('budget.reached')).toBe(types.lastIndexOf('usage.recorded') + 1);
  expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
  expect(await run.ends()).toMatchObject({ status: 'completed', output: 'Done.' });
  expect(await verifiedExport(world, anna, run.runId)).toMatchObject({ ok: true, faults: [] });
});

test(
  'S1.15 a caller that Temporal was told to end leaves nothing behind that nobody waits for',
  { timeout: 60_000 },
  async () => {
    const run = await anna.startRun({ agent: 'desk' });
    await run.decide(await run.pending(), 'approve');
    const clerkRun = subRunOf(anna, run);
    await run.event('approval.requested', 2);
    const cashierRun = subRunOf(anna, clerkRun, run.runId);
    await cashierRun.pending();
    const connection = await Connection.connect({ address: world.temporalAddress });
    const { workflow } = new Client({ connection });
    await workflow.getHandle(workflowId({ ...world.scope, runId: run.runId })).terminate('A test ends it.');
    for (const one of [cashierRun, clerkRun])
      await waitFor(`${one.runId} to end`, async () => (await one.get()).status === 'cancelled');
    expect((await cashierRun.approvals()).map(({ status }) => status)).toEqual(['withdrawn']);
    await connection.close();
  },
);

describe('who may do what below', () => {
  const untilAsked = async (by: Person = anna) => {
    const run = await by.startRun({ agent: 'guarded' });
    await run.settles();
    const subRun = subRunOf(by, run);
    return { run, subRun };
  };

  test(
    'S1.15 S3.3 whoever put words into the caller before it called has put them into the sub-run',
    { timeout: 60_000 },
    async () => {
      const [ben, carla] = [await world.person('ben'), await world.person('carla')];
      const { run, subRun } = await untilAsked();
      const [approval] = await run.approvals();
      if (!approval) throw new Error('The call of the agent asks.');
      await ben.run(run.runId).decide(approval, 'edit', { arguments: { input: 'Pay it to Ben.' } });
      await run.event('approval.requested', 2);
      const asked = await subRun.pending();
      expect(asked).toMatchObject({ path: ['guarded', 'payer'], contributors: ['ben'] });
      expect(await ben.run(subRun.runId).decide(asked, 'approve')).toMatchObject({
        status: 403,
        body: { code: 'self_approval' },
      });
      expect(await anna.run(subRun.runId).decide(asked, 'approve')).toMatchObject({
        status: 403,
        body: { code: 'self_approval' },
      });
      expect(await carla.run(subRun.runId).decide(asked, 'approve')).toMatchObject({ status: 200 });
      expect(await run.ends()).toMatchObject({ status: 'completed' });
      expect(refund.calls.at(-1)?.effectKey).toContain(subRun.runId);
    },
  );

  test(
    'S1.15 S3.11 two people, then the grant that they gave: each proves the start of a sub-run',
    { timeout: 60_000 },
    async () => {
      const ben = await world.person('ben');
      const first = await anna.startRun({ agent: 'remembered' });
      const approval = await first.pending();
      await first.decide(approval, 'approve');
      const remember = { scope: 'agent', ttl: '10m', uses: 1 };
      expect(await ben.run(first.runId).decide(approval, 'approve', { remember })).toMatchObject({ status: 200 });
      expect(await first.ends()).toMatchObject({ status: 'completed', output: '{"output":"Paid."}' });
      const second = await anna.startRun({ agent: 'remembered' });
      expect(await second.ends()).toMatchObject({ status: 'completed', output: '{"output":"Paid."}' });
      expect(await second.types()).not.toContain('approval.requested');
      expect((await second.event('grant.used')).data).toMatchObject({ uses: 1, maxUses: 1 });
      expect(await verifiedExport(world, anna, second.runId)).toMatchObject({ ok: true, faults: [] });
    },
  );

  test.for([
    ['the agent below', { agent: 'payer' }],
    ['its tool', { tool: 'refund' }],
    ['the project', {}],
  ] as const)(
    'B18 a brake on %s holds a call of a sub-run back until it is released',
    { timeout: 60_000 },
    async ([, body]) => {
      const carla = await world.person('carla');
      const { run, subRun } = await untilAsked();
      await run.decide(await run.pending(), 'approve');
      await run.event('approval.requested', 2);
      const before = refund.calls.length;
      const brake = await anna.request<{ brakeId: string }>('POST', '/v1/brakes', {
        body: { reason: 'Stop.', ...body },
      });
      await carla.run(subRun.runId).decide(await subRun.pending(), 'approve');
      expect(await run.event('tool.held')).toMatchObject({ runId: subRun.runId });
      expect(refund.calls).toHaveLength(before);
      await anna.request('DELETE', `/v1/brakes/${brake.body.brakeId}`);
      expect(await run.ends()).toMatchObject({ status: 'completed' });
      expect(refund.calls).toHaveLength(before + 1);
    },
  );
});
