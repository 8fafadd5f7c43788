/** Agents that call agents: each in a run of its own, under its caller's. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askUser } from '../../src/adapters/tools/built-in/ask-user.ts';
import { subAgent } from '../../src/adapters/tools/built-in/sub-agent.ts';
import type { ModelRequest } from '../../src/adapters/models/model-port.ts';
import { subRunId } from '../../src/domain/core/ids.ts';
import { ExportVerifier } from '../../src/domain/evidence/verify-export.ts';
import { verifySignature } from '../../src/platform/verify-signature.ts';
import { asksFor, asksForAll, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const allow = (tool: string) => ({ id: `allow-${tool}`, match: tool, effect: 'allow' }) as const;
const repeats = ({ messages }: ModelRequest) => says(messages.at(-1)?.text ?? '');

const cashier = testAgent({
  name: 'cashier',
  tools: [refund, askUser()],
  script: [asksFor('refund', {}), asksFor('ask_user', { question: 'Anything else?' }), repeats],
});
const clerk = testAgent({
  name: 'clerk',
  tools: [subAgent({ agent: cashier, description: 'Pays money back.' })],
  policy: [allow('cashier')],
  script: [asksFor('cashier', { input: 'Refund it.' }), says('The cashier did it.')],
});
const desk = testAgent({
  name: 'desk',
  tools: [subAgent({ agent: clerk, description: 'Handles complaints.' })],
  script: [asksFor('clerk', { input: 'Handle it.' }), says('All done.')],
});
const lost = testAgent({ name: 'lost', limits: { maxTurns: 1 }, tools: [refund], script: [asksFor('nothing', {})] });
const careful = testAgent({
  name: 'careful',
  tools: [subAgent({ agent: lost, description: 'Gets lost.' })],
  policy: [allow('lost')],
  script: [asksFor('lost', { input: 'Go.' }), repeats],
});
const deep = testAgent({
  name: 'deep',
  limits: { maxDepth: 1 },
  tools: [subAgent({ agent: clerk, description: 'Handles complaints.' })],
  policy: [allow('clerk')],
  script: [asksFor('clerk', { input: 'Handle it.' }), says('Done.')],
});
const many = testAgent({
  name: 'many',
  limits: { maxSubRuns: 2 },
  tools: [subAgent({ agent: lost, description: 'Gets lost.' })],
  policy: [allow('lost')],
  script: [
    asksForAll([1, 2, 3].map((place) => asksFor('lost', { input: `Go ${place}.` }))),
    ({ messages }) =>
      says(
        messages
          .slice(-3)
          .map(({ text }) => text)
          .toSorted()
          .join('\n'),
      ),
  ],
});

const payer = testAgent({
  name: 'payer',
  tools: [refund],
  policy: [{ id: 'maker-checker', match: 'refund', effect: 'ask', approvers: { notRequester: true } }],
  script: [asksFor('refund', {}), says('Paid.')],
});
const guarded = testAgent({
  name: 'guarded',
  tools: [subAgent({ agent: payer, description: 'Pays.' })],
  policy: [{ id: 'payer', match: 'payer', effect: 'ask', allowedDecisions: ['approve', 'edit', 'reject'] }],
  script: [asksFor('payer', { input: 'Pay it.' }), says('Done.')],
});

let world: World;
let anna: Person;
beforeAll(async () => {
  world = await testWorld({ agents: [desk, careful, deep, many, guarded] });
  anna = await world.person('anna');
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

const callOf = (parent: StartedRun, rootRunId = parent.runId, call = 'call_1_0') =>
  anna.run(subRunId(rootRunId, parent.runId, call));

const idOf = ({ runId }: StartedRun, key: string): string => `tool-approval:${runId}:${key}`;

const verified = async (runId: string) => {
  const { body } = await anna.request<{ audience: string; anchors: string[] }>(
    'GET',
    '/.well-known/countersign-trust.json',
  );
  const headers = { accept: 'application/jsonl', authorization: `Bearer ${anna.key}` };
  const text = await (await fetch(new URL(`/v1/runs/${runId}/audit`, world.url), { headers })).text();
  const verifier = new ExportVerifier({ trust: { ...body, verify: verifySignature } });
  for (const line of text.split('\n')) if (line !== '') verifier.line(line);
  return verifier.finish().report;
};

describe('three agents deep', () => {
  test(
    'S1.15 S3.13 each call is consented to, at its own address or at the root, and each result reaches its caller',
    { timeout: 90_000 },
    async () => {
      const before = refund.calls.length;
      const run = await anna.startRun({ agent: 'desk' });
      await run.decide(await run.pending(), 'edit', { arguments: { input: 'Handle it well.' } });
      const clerkRun = callOf(run);
      const cashierRun = callOf(clerkRun, run.runId);
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
      expect(
        events.find(({ type, runId }) => type === 'run.started' && runId === cashierRun.runId)?.data,
      ).toMatchObject({
        parentRunId: clerkRun.runId,
        toolCallId: 'call_1_0',
      });
      expect(await clerkRun.get()).toMatchObject({ input: 'Handle it well.', output: 'The cashier did it.' });
      expect(await cashierRun.get()).toMatchObject({ status: 'completed', input: 'Refund it.', output: 'No.' });
      expect((await cashierRun.events()).every(({ runId }) => runId === cashierRun.runId)).toBe(true);
      expect(await verified(run.runId)).toMatchObject({ ok: true, faults: [], notes: [] });
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
      expect((await anna.request('GET', `/v1/runs/${callOf(run).runId}`)).status).toBe(404);
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
      const clerkRun = callOf(run);
      const cashierRun = callOf(clerkRun, run.runId);
      await run.event('approval.requested', 2);
      await cashierRun.pending();
      await run.cancel();
      expect(await run.ends()).toMatchObject({ status: 'cancelled' });
      const ended = (await run.events()).filter(({ type }) => type === 'run.cancelled').map(({ runId }) => runId);
      expect(ended).toEqual([cashierRun.runId, clerkRun.runId, run.runId]);
      expect((await cashierRun.approvals()).map(({ status }) => status)).toEqual(['withdrawn']);
      expect(refund.calls).toHaveLength(before);
      expect(await verified(run.runId)).toMatchObject({ ok: true, faults: [] });
    },
  );

  test('S1.15 cancelling one below is a failed call to the one above, which goes on', { timeout: 60_000 }, async () => {
    const run = await anna.startRun({ agent: 'desk' });
    await run.decide(await run.pending(), 'approve');
    const clerkRun = callOf(run);
    await run.event('approval.requested', 2);
    await callOf(clerkRun, run.runId).pending();
    await clerkRun.cancel();
    expect(await run.ends()).toMatchObject({ status: 'completed', output: 'All done.' });
    expect((await run.events()).filter(({ type }) => type === 'tool.failed').map(({ data }) => data['code'])).toEqual([
      'sub_run_cancelled',
      'sub_run_cancelled',
    ]);
  });
});

describe('a tree that stands still', () => {
  /** Up to the cashier's request. */
  const untilAsked = async () => {
    const run = await anna.startRun({ agent: 'desk' });
    await run.decide(await run.pending(), 'approve');
    const clerkRun = callOf(run);
    const cashierRun = callOf(clerkRun, run.runId);
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
    'S1.15 S1.18 a block goes down the tree, a note lifts it, and what was blocked for itself stays blocked',
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
      expect(await verified(run.runId)).toMatchObject({ ok: true, faults: [], notes: [] });
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

describe('who may do what below', () => {
  const untilAsked = async (by: Person = anna) => {
    const run = await by.startRun({ agent: 'guarded' });
    await run.settles();
    const subRun = by.run(subRunId(run.runId, run.runId, 'call_1_0'));
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

describe('what goes wrong below', () => {
  test('S1.15 a failed agent is an error that its caller reads and handles', { timeout: 60_000 }, async () => {
    const run = await anna.startRun({ agent: 'careful' });
    const { status, output } = await run.ends();
    expect(status).toBe('completed');
    expect(output).toContain('The agent failed (turn_limit).');
    expect(await callOf(run).get()).toMatchObject({ status: 'failed', failure: { code: 'turn_limit' } });
  });

  test('S1.15 how deep agents may call agents is the first one’s limit', { timeout: 60_000 }, async () => {
    const run = await anna.startRun({ agent: 'deep' });
    expect(await run.ends()).toMatchObject({ status: 'completed' });
    const failed = await run.event('tool.failed');
    expect(failed).toMatchObject({ runId: callOf(run).runId, data: { code: 'too_deep' } });
  });

  test('S1.15 how many agents are called is the first one’s limit', { timeout: 60_000 }, async () => {
    const run = await anna.startRun({ agent: 'many' });
    const { output } = await run.ends();
    const lines = output?.split('\n') ?? [];
    expect(lines.filter((line) => line.startsWith('The agent failed'))).toHaveLength(2);
    expect(lines.at(-1)).toBe('This run has had its 2 calls of agents.');
  });
});
