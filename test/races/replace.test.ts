/** A run takes the place of the one before it in its conversation, while that one is busy in every way. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/contract/runs.ts';
import { isFinished } from '../../src/domain/core/run-status.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { readEventStream } from '../support/event-reader.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const gates = new Map<string, () => void>();
const refund = recordingTool('refund');
const slowly = recordingTool('slowly', {
  run: (_args, { runId }) => new Promise((resolve) => gates.set(runId, () => resolve({ ok: true }))),
});
/** What its model was sent, by run. */
const heard: string[][] = [];
const helper = testAgent({
  tools: [refund],
  script: [
    ({ messages }) => {
      heard.push(messages.map(({ text }) => text));
      return asksFor('refund', {});
    },
    says('Done.'),
  ],
});
const slow = testAgent({
  name: 'slow',
  tools: [slowly],
  script: [asksFor('slowly', {}), says('Done.')],
  policy: [{ id: 'freely', match: '*', effect: 'allow' }],
});

let world: World;
let replica: Replica;
let anna: Person;
let ben: Person;
/** The same person, speaking to the other replica. */
let away: Person;

beforeAll(async () => {
  world = await testWorld({ agents: [helper, slow] });
  replica = await createReplica(world);
  [anna, ben] = await Promise.all([world.person('anna'), world.person('ben')]);
  away = replica.speaksHere(anna);
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const effectsOf = ({ runId }: StartedRun) => refund.callsOf(runId).length;
const expectWholeChain = async ({ runId }: StartedRun) =>
  expect(await verifyStoredChain(world.store, world.scope, runId)).toMatchObject({ ok: true });

const start = (by: Person, body: object, key: string = randomUUID()) =>
  by.request<Run & { code?: string }>('POST', '/v1/runs', {
    headers: { 'idempotency-key': key },
    body: { agent: 'helper', input: 'Begin.', ...body },
  });

describe('S1.13 a run that replaces another', () => {
  test('takes its place at once; nothing of the old one is in its stream, its log or before its model', async () => {
    const conversationId = 'ticket-place';
    const old = await anna.startRun({ conversationId, input: 'The first question.' });
    const approval = await old.pending();
    const oldStream = await readEventStream({ url: world.url, key: anna.key, runId: old.runId });
    const body = { conversationId, input: 'The second question.', replace: true };
    const answer = await start(away, body, 'takes-place');
    expect(answer).toMatchObject({ status: 201, body: { conversationId, replacedBy: null, status: 'running' } });
    const fresh = anna.run(answer.body.runId);
    const stream = await readEventStream({ url: world.url, key: anna.key, runId: fresh.runId });

    expect(await old.decide(approval, 'approve')).toMatchObject({ status: 410, body: { code: 'run_over' } });
    expect(await untilEnded(old)).toMatchObject({ status: 'cancelled', replacedBy: fresh.runId });
    await oldStream.ended;
    expect(oldStream.seen.at(-1)).toMatchObject({ type: 'stream.end', data: { status: 'cancelled' } });
    const by = { actor: { principal: 'anna' }, channel: 'api', replacedBy: fresh.runId };
    expect((await old.event('run.cancel_requested')).data).toMatchObject(by);

    await fresh.decide(await fresh.pending(), 'approve');
    expect(await untilEnded(fresh)).toMatchObject({ status: 'completed' });
    await stream.ended;
    const events = stream.seen.filter(({ seq }) => seq !== undefined);
    expect(events.map(({ data }) => data['runId'])).toEqual(events.map(() => fresh.runId));
    expect(heard.filter((messages) => messages.includes('The second question.'))).toEqual([['The second question.']]);
    expect([effectsOf(old), effectsOf(fresh)]).toEqual([0, 1]);
    await expectWholeChain(old);
    await expectWholeChain(fresh);

    // A repeat of the request is the same run, and replaces nothing, now that another one is under way.
    const next = await anna.startRun({ conversationId });
    expect(await start(anna, body, 'takes-place')).toMatchObject({ status: 200, body: { runId: fresh.runId } });
    expect(await start(anna, { ...body, replace: false }, 'takes-place')).toMatchObject({ status: 422 });
    expect(await next.get()).toMatchObject({ replacedBy: null, cancelRequested: false });
    await next.cancel();
  });

  test('needs a conversation, finds one that is free, and leaves alone what its requester may not cancel', async () => {
    expect(await start(anna, { replace: true })).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const free = await start(anna, { conversationId: 'ticket-free', replace: true });
    expect(free.status).toBe(201);
    const carl = await world.person('carl', { roles: ['requester'] });
    const refused = await start(carl, { conversationId: 'ticket-free', replace: true });
    expect(refused).toMatchObject({ status: 409, body: { code: 'conversation_busy' } });
    // Nor is he told which run it is.
    expect(refused.body.runId).toBeUndefined();
    expect(await start(ben, { conversationId: 'ticket-free' })).toMatchObject({ body: { runId: free.body.runId } });
    const run = anna.run(free.body.runId);
    expect(await run.get()).toMatchObject({ replacedBy: null, cancelRequested: false });
    expect(await start(ben, { conversationId: 'ticket-free', replace: true })).toMatchObject({ status: 201 });
    expect(await untilEnded(run)).toMatchObject({ status: 'cancelled' });
  });

  test('does not wait for a tool of the old one: its outcome is in the log of the old run alone', async () => {
    const conversationId = 'ticket-flight';
    const old = await anna.startRun({ agent: 'slow', conversationId });
    await waitFor('the tool to be entered', () => gates.has(old.runId));
    const { status, body } = await start(anna, { conversationId, replace: true });
    expect(status).toBe(201);
    const fresh = anna.run(body.runId);
    const approval = await fresh.pending();
    expect(isFinished((await old.get()).status)).toBe(false);
    gates.get(old.runId)?.();
    expect(await untilEnded(old)).toMatchObject({ status: 'cancelled' });
    expect((await old.types()).slice(-2)).toEqual(['tool.completed', 'run.cancelled']);
    await fresh.decide(approval, 'approve');
    expect(await untilEnded(fresh)).toMatchObject({ status: 'completed' });
    expect((await fresh.types()).filter((type) => type === 'tool.completed')).toHaveLength(1);
  });
});

/** Some time, in requests that another one takes. */
const lag = async (requests: number): Promise<void> => {
  for (let made = 0; made < requests; made += 1) await ben.request('GET', '/livez');
};

describe('S1.13 S2.1 replace against a decision on the old run', () => {
  test.for([
    [0, 0],
    [0, 2],
    [2, 0],
    [0, 4],
    [4, 0],
    [1, 1],
  ])(
    'replaced after %i, approved after %i: it ran before or it never runs',
    async ([replaceLag = 0, decideLag = 0]) => {
      const conversationId = `ticket-${randomUUID()}`;
      const old = await anna.startRun({ conversationId });
      const approval = await old.pending();
      const [replaced, decided] = await Promise.all([
        lag(replaceLag).then(() => start(away, { conversationId, replace: true })),
        lag(decideLag).then(() => old.decide(approval, 'approve')),
      ]);
      expect(replaced.status).toBe(201);
      expect([200, 202, 409, 410]).toContain(decided.status);
      const ended = await untilEnded(old);
      expect(['cancelled', 'completed']).toContain(ended.status);
      const fresh = anna.run(replaced.body.runId);
      await fresh.decide(await fresh.pending(), 'approve');
      expect(await untilEnded(fresh)).toMatchObject({ status: 'completed' });
      const completed = (await old.types()).filter((type) => type === 'tool.completed').length;
      expect(effectsOf(old)).toBe(completed);
      expect(effectsOf(fresh)).toBe(1);
      // Nothing was asked of the ledger after the place was lost.
      const { rows } = await world.store.pool.query(
        `SELECT FROM effects e JOIN runs o ON o.run_id = e.run_id JOIN runs n ON n.run_id = o.replaced_by
        WHERE e.run_id = $1 AND e.reserved_at > n.created_at + 1000`,
        [old.runId],
      );
      expect(rows).toEqual([]);
      await expectWholeChain(old);
    },
  );
});

test('S1.13 S3.8 ten replace at once, on two replicas: one after the other, and the last one stays', async () => {
  const conversationId = 'ticket-ten';
  const first = await anna.startRun({ conversationId });
  await first.pending();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => start(index % 2 === 0 ? anna : away, { conversationId, replace: true })),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  const list = await anna.request<{ data: Run[] }>('GET', `/v1/runs?conversationId=${conversationId}&limit=50`);
  const runs = new Map(list.body.data.map((run) => [run.runId, run]));
  expect(runs.size).toBe(11);
  const chain: string[] = [];
  for (let at: string | null = first.runId; at !== null; at = runs.get(at)?.replacedBy ?? null) chain.push(at);
  expect(new Set(chain).size).toBe(11);
  const [last = ''] = chain.slice(-1);
  for (const runId of chain.slice(0, -1)) {
    expect(await untilEnded(anna.run(runId))).toMatchObject({ status: 'cancelled' });
  }
  const stays = anna.run(last);
  await stays.decide(await stays.pending(), 'approve');
  expect(await untilEnded(stays)).toMatchObject({ status: 'completed' });
  expect(chain.map((runId) => effectsOf(anna.run(runId)))).toEqual([...Array(10).fill(0), 1]);
});

test('S3.8 one key, twenty requests to replace: one run, one replaced', async () => {
  const conversationId = 'ticket-key';
  const old = await anna.startRun({ conversationId });
  await old.pending();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      start(index % 2 === 0 ? anna : away, { conversationId, replace: true }, 'replace-once'),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
  const [runId] = new Set(answers.map(({ body }) => body.runId));
  expect(await untilEnded(old)).toMatchObject({ replacedBy: runId });
  expect(await anna.run(runId ?? '').get()).toMatchObject({ replacedBy: null, cancelRequested: false });
  await anna.run(runId ?? '').cancel();
});
