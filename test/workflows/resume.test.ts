/** What resumes is the very run that paused: nobody's answer swaps any part of it, and an abort keeps what was said. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelRequest } from '../../src/adapters/models/model-port.ts';
import { asksFor, asksForAll, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { registerAgents } from '../../src/worker/register-agents.ts';
import { testWorld } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

const refund = recordingTool('refund');
const other = recordingTool('other');
const requests: ModelRequest[] = [];
const helper = testAgent({
  tools: [refund],
  script: [
    asksFor('refund', { text: 'five' }),
    (request) => {
      requests.push(request);
      return says('Done.');
    },
  ],
});
const twice = testAgent({
  name: 'twice',
  tools: [refund],
  script: [
    asksForAll([asksFor('refund', { text: 'one' }), asksFor('refund', { text: 'two' })]),
    asksFor('refund', { text: 'three' }),
    says('Done.'),
  ],
});
const talker = testAgent({
  name: 'talker',
  tools: [refund],
  script: [asksFor('refund', {}, { saying: 'First I refund.' }), says('word '.repeat(2_000))],
  // A model that speaks for longer than anybody listens.
  streaming: { chunkLength: 5, pause: () => delay(10) },
});

let world: World;
let anna: Person;
beforeAll(async () => {
  world = await testWorld({ agents: [helper, twice, talker] });
  anna = await world.person('anna');
});
afterAll(() => world[Symbol.asyncDispose]());

const effectsOf = (runId: string) => refund.callsOf(runId);

describe('S1.8 who resumes', () => {
  test('is somebody of the tenant and project with the right to decide; to all others there is no such run', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    const before = await run.get();
    const strangers = await Promise.all([
      world.person('mallory', { tenant: 'rival' }),
      world.person('oscar', { projects: ['ops'] }),
      world.person('rita', { roles: ['requester'] }),
      world.person('robot', { kind: 'service' }),
    ]);
    const answers = await Promise.all(strangers.map((by) => by.run(run.runId).decide(approval, 'approve')));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 403]);
    for (const { body } of answers) expect(JSON.stringify(body)).not.toMatch(/refund|five|sha256/);
    expect(await run.get()).toEqual(before);
    expect(effectsOf(run.runId)).toEqual([]);
    await run.cancel();
  });

  test('cannot swap agent, model, files or tools: fields of that kind are refused, and it stays open', async () => {
    const [run, decoy] = [await anna.startRun({}), await anna.startRun({ agent: 'twice', input: 'Other.' })];
    const approval = await run.pending();
    await decoy.settles();
    const crafted = [
      { agent: 'twice' },
      { agentDigest: `sha256:${'0'.repeat(64)}` },
      { model: 'scripted/twice' },
      { tools: ['other'] },
      { tool: 'other' },
      { files: ['/etc/passwd'] },
      { policy: [] },
      { runId: decoy.runId },
      { requester: 'ben' },
      { conversationId: 'mine' },
    ];
    for (const field of crafted) {
      const answer = await run.decide(approval, 'approve', field);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
    // Nor is consent to one run's call consent to another's.
    const [foreign] = await decoy.approvals();
    const swapped = await run.decide({ key: approval.key, digest: foreign?.digest ?? '' }, 'approve');
    expect(swapped).toMatchObject({ status: 409, body: { code: 'digest_mismatch' } });
    expect(effectsOf(run.runId)).toEqual([]);
    expect(await run.pending()).toMatchObject({ digest: approval.digest });
    await Promise.all([run.cancel(), decoy.cancel()]);
  });

  test('resumes the definition that paused, digest for digest, though the agent is another by now', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    const { agentDigest } = await run.get();
    const edited = testAgent({
      tools: [other],
      script: [],
      instructions: 'Do as the caller says.',
      model: 'scripted/twice',
      policy: [{ id: 'freely', match: '*', effect: 'allow' }],
    });
    await registerAgents(world.store, world.scope, [edited], []);
    const later = await anna.startRun({});
    expect((await later.get()).agentDigest).not.toBe(agentDigest);

    requests.length = 0;
    expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
    expect(await run.settles()).toMatchObject({ status: 'completed', agentDigest, output: 'Done.' });
    expect(requests.map(({ tools, model }) => [model, tools.map(({ name }) => name)])).toEqual([
      ['helper', ['refund']],
    ]);
    expect(requests[0]?.instructions).toContain('Follow the script.');
    expect(effectsOf(run.runId).map(({ arguments: args }) => args)).toEqual([{ text: 'five' }]);
    await later.cancel();
    await registerAgents(world.store, world.scope, [helper], []);
  });
});

test('S3.3 the same tool twice in a turn, and again in the next: each call has its own approval', async () => {
  const run = await anna.startRun({ agent: 'twice' });
  await run.settles();
  const both = await run.approvals();
  const [one, two] = both.toSorted((left, right) => left.key.localeCompare(right.key));
  if (!one || !two) throw new Error('Two approvals pend.');
  expect([one.key, two.key]).toEqual(['call_1_0', 'call_1_1']);
  expect(one.digest).not.toBe(two.digest);
  expect(await run.decide(two, 'reject')).toMatchObject({ status: 200 });
  // The other of the same name still waits.
  expect((await run.pending()).key).toBe('call_1_0');
  expect(await run.decide(one, 'approve')).toMatchObject({ status: 200 });
  const three = await waitFor('the next turn to ask', async () =>
    (await run.approvals()).find(({ key }) => key === 'call_2_0'),
  );
  expect(await run.decide(three, 'approve')).toMatchObject({ status: 200 });
  expect(await run.settles()).toMatchObject({ status: 'completed' });
  expect(effectsOf(run.runId)).toEqual([
    { arguments: { text: 'one' }, effectKey: `tool-approval:${run.runId}:call_1_0.1` },
    { arguments: { text: 'three' }, effectKey: `tool-approval:${run.runId}:call_2_0.1` },
  ]);
});

describe('S1.16 an abort', () => {
  const deltasOf = async (runId: string) =>
    (await world.store.pool.query('SELECT FROM message_deltas WHERE run_id = $1', [runId])).rowCount;

  test('while the run is paused ends it at once: what was said stays, nothing is open any more', async () => {
    const run = await anna.startRun({ agent: 'talker' });
    await run.pending();
    expect(await run.cancel()).toMatchObject({ status: 200, body: { cancelled: true, status: 'cancelled' } });
    expect(await deltasOf(run.runId)).toBe(0);
    const said = (await run.events()).filter(({ type }) => type === 'message.completed');
    expect(said.map(({ content }) => content?.text)).toEqual(['First I refund.']);
    expect((await run.approvals()).map(({ status }) => status)).toEqual(['withdrawn']);
    expect(await run.get()).toMatchObject({ output: null, actions: [] });
    expect(effectsOf(run.runId)).toEqual([]);
  });

  test('while the model speaks prunes the open message, and keeps what it had said as unfinished', async () => {
    const run = await anna.startRun({ agent: 'talker' });
    await run.decide(await run.pending(), 'approve');
    await waitFor('the second message to be open', async () => ((await deltasOf(run.runId)) ?? 0) > 0);
    await run.cancel();
    expect(await run.ends()).toMatchObject({ status: 'cancelled', output: null });
    expect(await deltasOf(run.runId)).toBe(0);
    const [, cut] = (await run.events()).filter(({ type }) => type === 'message.completed');
    expect(cut?.data).toMatchObject({ turn: 2, finishReason: 'cancelled', calls: [] });
    expect(cut?.content?.text).toMatch(/^(word )+(wo?r?d?)?$/);
    expect(cut?.content?.text?.length).toBeLessThan(10_000);
    expect((await run.types()).at(-1)).toBe('run.cancelled');
  });
});
