/** Agents that call agents: each in a run of its own, under its caller's. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/contract/runs.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { careful, deep, desk, many, refund, subRunOf } from '../support/called-agents.ts';
import { verifiedExport } from '../support/verified-export.ts';
import { testWorld } from '../support/world.ts';

let world: World;
let anna: Person;
beforeAll(async () => {
  world = await testWorld({ agents: [desk, careful, deep, many] });
  anna = await world.person('anna');
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

const idOf = ({ runId }: StartedRun, key: string): string => `tool-approval:${runId}:${key}`;

describe('three agents deep', () => {
  test(
    'S1.15 S3.13 each call is consented to, at its own address or at the root, and each result reaches its caller',
    { timeout: 90_000 },
    async () => {
      const before = refund.calls.length;
      const run = await anna.startRun({ agent: 'desk' });
      await run.decide(await run.pending(), 'edit', { arguments: { input: 'Handle it well.' } });
      const clerkRun = subRunOf(anna, run);
      const cashierRun = subRunOf(anna, clerkRun, run.runId);
      await run.event('approval.requested', 2);

      const approval = await cashierRun.pending();
      expect(approval).toMatchObject({ runId: cashierRun.runId, path: ['desk', 'clerk', 'cashier'] });
      expect((await run.approvals()).map(({ path }) => path)).toEqual([['desk'], ['desk', 'clerk', 'cashier']]);
      await cashierRun.decide(approval, 'approve');
      await run.event('approval.requested', 3);

      // At the root's address an approval of a sub-run goes by its whole id.
      const question = await cashierRun.pending();
      const atRoot = { ...question, key: idOf(cashierRun, question.key) };
      expect(await run.decide(atRoot, 'respond', { response: 'No.' })).toMatchObject({ status: 200 });

      expect(await run.ends()).toMatchObject({ status: 'completed', output: 'All done.' });
      expect(refund.calls).toHaveLength(before + 1);
      const events = await run.events();
      const told = (type: string) => events.filter((event) => event.type === type).map(({ runId }) => runId);
      const tree = [run.runId, clerkRun.runId, cashierRun.runId];
      expect(told('run.started')).toEqual(tree);
      expect(told('run.completed')).toEqual(tree.toReversed());
      expect(events.find(({ type, runId }) => type === 'run.started' && runId === cashierRun.runId)).toMatchObject({
        path: ['desk', 'clerk', 'cashier'],
        data: { parentRunId: clerkRun.runId, toolCallId: 'call_1_0' },
      });
      const listed = async (query: string) =>
        (await anna.request<{ data: Run[] }>('GET', `/v1/runs?${query}`)).body.data.map(({ runId }) => runId);
      expect(new Set(await listed(`rootRunId=${run.runId}`))).toEqual(new Set(tree));
      expect((await listed('limit=100')).filter((runId) => runId.includes('.'))).toEqual([]);
      expect(await clerkRun.get()).toMatchObject({ input: 'Handle it well.', output: 'The cashier did it.' });
      expect(await cashierRun.get()).toMatchObject({ status: 'completed', input: 'Refund it.', output: 'No.' });
      expect((await cashierRun.events()).every(({ runId }) => runId === cashierRun.runId)).toBe(true);
      expect(await verifiedExport(world, anna, run.runId)).toMatchObject({ ok: true, faults: [], notes: [] });
    },
  );

  test(
    'S1.15 a rejected call of an agent starts none, and nobody finds an approval under another root',
    { timeout: 60_000 },
    async () => {
      const run = await anna.startRun({ agent: 'desk' });
      const other = await anna.startRun({ agent: 'desk' });
      const approval = await run.pending();
      await other.pending();
      const elsewhere = { ...approval, key: idOf(run, approval.key) };
      expect(await other.decide(elsewhere, 'approve')).toMatchObject({ status: 404 });
      await run.decide(approval, 'reject', { reason: 'Not now.' });
      await run.ends();
      expect((await anna.request('GET', `/v1/runs/${subRunOf(anna, run).runId}`)).status).toBe(404);
      await other.cancel();
    },
  );

  test(
    'S1.15 B6 cancelling the first ends all below it first, with their approvals withdrawn',
    { timeout: 60_000 },
    async () => {
      const before = refund.calls.length;
      const run = await anna.startRun({ agent: 'desk' });
      await run.decide(await run.pending(), 'approve');
      const clerkRun = subRunOf(anna, run);
      const cashierRun = subRunOf(anna, clerkRun, run.runId);
      await run.event('approval.requested', 2);
      await cashierRun.pending();
      await run.cancel();
      expect(await run.ends()).toMatchObject({ status: 'cancelled' });
      const ended = (await run.events()).filter(({ type }) => type === 'run.cancelled').map(({ runId }) => runId);
      expect(ended).toEqual([cashierRun.runId, clerkRun.runId, run.runId]);
      expect((await cashierRun.approvals()).map(({ status }) => status)).toEqual(['withdrawn']);
      expect(refund.calls).toHaveLength(before);
      expect(await verifiedExport(world, anna, run.runId)).toMatchObject({ ok: true, faults: [] });
    },
  );

  test('S1.15 cancelling one below is a failed call to the one above, which goes on', { timeout: 60_000 }, async () => {
    const run = await anna.startRun({ agent: 'desk' });
    await run.decide(await run.pending(), 'approve');
    const clerkRun = subRunOf(anna, run);
    await run.event('approval.requested', 2);
    await subRunOf(anna, clerkRun, run.runId).pending();
    await clerkRun.cancel();
    expect(await run.ends()).toMatchObject({ status: 'completed', output: 'All done.' });
    expect((await run.events()).filter(({ type }) => type === 'tool.failed').map(({ data }) => data['code'])).toEqual([
      'sub_run_cancelled',
      'sub_run_cancelled',
    ]);
  });
});

describe('what goes wrong below', () => {
  test('S1.15 a failed agent is an error that its caller reads and handles', { timeout: 60_000 }, async () => {
    const run = await anna.startRun({ agent: 'careful' });
    const { status, output } = await run.ends();
    expect(status).toBe('completed');
    expect(output).toContain('The agent failed (turn_limit).');
    expect(await subRunOf(anna, run).get()).toMatchObject({ status: 'failed', failure: { code: 'turn_limit' } });
  });

  test('S1.15 how deep agents may call agents is the first one’s limit', { timeout: 60_000 }, async () => {
    const run = await anna.startRun({ agent: 'deep' });
    expect(await run.ends()).toMatchObject({ status: 'completed' });
    const failed = await run.event('tool.failed');
    expect(failed).toMatchObject({ runId: subRunOf(anna, run).runId, data: { code: 'too_deep' } });
  });

  test('S1.15 how many agents are called is the first one’s limit', { timeout: 60_000 }, async () => {
    const run = await anna.startRun({ agent: 'many' });
    const { output } = await run.ends();
    const lines = output?.split('\n') ?? [];
    expect(lines.filter((line) => line.startsWith('The agent failed'))).toHaveLength(2);
    expect(lines.at(-1)).toBe('This run has had its 2 calls of agents.');
  });
});
