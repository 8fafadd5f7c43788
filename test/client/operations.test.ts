// What the client can ask of the API beside the main job, over real HTTP.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import type { CountersignClient } from '../../src/client/index.ts';
import type { ProblemError } from '../../src/client/index.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const ASK = { id: 'ask', match: 'refund', effect: 'ask', reason: 'Money.' } as const;

let world: World;
let anna: Person;
let client: CountersignClient;
beforeAll(async () => {
  const script = [asksFor('refund', { text: 'x' }), says('Done.')];
  world = await testWorld({ agents: [testAgent({ script, tools: [refund], policy: [ASK] })] });
  anna = await world.person('anna');
  client = createClient({ baseUrl: world.url, apiKey: anna.key });
});
afterAll(() => world[Symbol.asyncDispose]());

const startAndAsk = async () => {
  const run = await anna.startRun({});
  return { run, approval: await run.pending() };
};
const codeOf = (error: unknown) => (error as ProblemError).code;

test('a batch answers for each; what is refused throws nothing', async () => {
  const [one, two] = [await startAndAsk(), await startAndAsk()];
  const { data } = await client.decisions.batch([
    { approvalId: one.approval.approvalId, decision: 'approve', digest: one.approval.digest },
    { approvalId: two.approval.approvalId, decision: 'approve' },
  ]);
  expect(data).toMatchObject([
    { index: 0, status: 200, outcome: 'recorded', approvalStatus: 'approved', code: null },
    { index: 1, status: 400, outcome: null, code: 'digest_required', problem: { code: 'digest_required' } },
  ]);
});

test('claims are taken, renewed and released', async () => {
  const { approval } = await startAndAsk();
  expect((await client.approvals.claim(approval, { ttl: '5m' })).outcome).toBe('claimed');
  expect((await client.approvals.claim(approval)).outcome).toBe('renewed');
  expect((await client.approvals.get(approval)).claim).toMatchObject({ by: 'anna' });
  expect((await client.approvals.release(approval)).outcome).toBe('released');
  expect((await client.approvals.release(approval, { force: true })).outcome).toBe('not_claimed');
});

test('a deadline is moved', async () => {
  const { approval } = await startAndAsk();
  const decideBy = new Date(Date.parse(approval.decideBy) + 60_000).toISOString();
  expect(await client.approvals.extend(approval, { decideBy })).toMatchObject({
    outcome: 'extended',
    approval: { decideBy, digest: approval.digest },
  });
});

test('runs are blocked and unblocked; the same key is the same command', async () => {
  const { run } = await startAndAsk();
  const blocked = await client.runs.block(run.runId, { reason: 'Stop.' }, { idempotencyKey: 'block-1' });
  expect(blocked).toMatchObject({ status: 'needs_attention', outcome: 'recorded' });
  const again = await client.runs.block(run.runId, { reason: 'Stop.' }, { idempotencyKey: 'block-1' });
  expect(again).toMatchObject({ outcome: 'already_recorded', commandId: blocked.commandId });
  expect((await client.runs.get(run.runId)).attentions).toMatchObject([{ action: 'unblock', reason: 'Stop.' }]);
  expect(await client.runs.unblock(run.runId)).toMatchObject({ outcome: 'recorded', attentions: [] });
  await expect(client.runs.unblock(run.runId).catch(codeOf)).resolves.toBe('not_blocked');
});

test('brakes are set, found, passed and released', async () => {
  const brake = await client.brakes.set({ tool: 'elsewhere', reason: 'Why not.' });
  const scope = { agent: 'helper' };
  const bypass = await client.brakes.addBypass(brake.brakeId, { scope, minutes: 5, reason: 'It is due.' });
  expect((await client.brakes.get(brake.brakeId)).bypasses).toMatchObject([
    { bypassId: bypass.bypassId, active: true },
  ]);
  expect((await client.brakes.endBypass(brake.brakeId, bypass.bypassId)).active).toBe(false);
  expect((await client.brakes.list({ active: true, limit: 5 })).data).toMatchObject([{ brakeId: brake.brakeId }]);
  expect((await client.brakes.release(brake.brakeId)).active).toBe(false);
  expect((await client.brakes.list({ active: true })).data).toEqual([]);
});

test('delegations begin and end', async () => {
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const { delegationId } = await client.delegations.create({ to: 'bob', until });
  expect((await client.delegations.list({ active: true })).data).toMatchObject([{ delegationId, to: 'bob' }]);
  expect((await client.delegations.end(delegationId)).active).toBe(false);
});

test('a run is exported as it is, from the first line to the end line', async () => {
  const { run, approval } = await startAndAsk();
  await run.decide(approval, 'approve');
  await run.ends();
  const text = await new Response(await client.audit.exportRun(run.runId)).text();
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  expect(lines.at(0)).toMatchObject({ type: 'header', rootRunId: run.runId });
  expect(lines.filter(({ type }) => type === 'event')).toHaveLength((await run.events()).length);
  expect(lines.at(-1)).toMatchObject({ type: 'end' });
  const cloudEvents = await client.audit.exportRun(run.runId, { format: 'cloudevents' });
  expect(JSON.parse((await new Response(cloudEvents).text()).split('\n')[0] ?? '')).toMatchObject({
    specversion: '1.0',
  });
  expect((await client.audit.trust()).anchors.length).toBeGreaterThan(0);
});
