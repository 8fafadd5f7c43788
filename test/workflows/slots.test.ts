/** A limit of active runs per requester, from end to end. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { workflowId } from '../../src/domain/core/ids.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';
import { testWorld } from '../support/world.ts';

const LIMIT = 1;

const gates = new Map<string, () => void>();
/** Runs until the test lets it go. */
const work = recordingTool('work', {
  run: (_args, { runId }) => new Promise((resolve) => gates.set(runId, () => resolve({ ok: true }))),
});
const refund = recordingTool('refund');
const helper = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });
const worker = testAgent({
  name: 'worker',
  tools: [work],
  script: [asksFor('work', {}), says('Done.')],
  policy: [{ id: 'freely', match: '*', effect: 'allow' }],
});

let world: World;
let anna: Person;
let ben: Person;

beforeAll(async () => {
  world = await testWorld({ agents: [helper, worker], maxActiveRunsPerRequester: LIMIT });
  [anna, ben] = await Promise.all([world.person('anna'), world.person('ben')]);
});
afterEach(async () => {
  // No slot is left behind by whatever has happened.
  const { rows } = await world.store.pool.query('SELECT * FROM slots');
  if (rows.length > 0) throw new Error(`${rows.length} slots are left behind.`);
});
afterAll(() => world[Symbol.asyncDispose]());

const start = (by: Person, agent = 'helper') =>
  by.request<{ runId: string; code?: string }>('POST', '/v1/runs', { body: { agent, input: 'Begin.' } });

/** A run that does something until the test lets it go. */
const busy = async (by: Person): Promise<{ run: StartedRun; letGo: () => void }> => {
  const run = await by.startRun({ agent: 'worker' });
  await waitFor('the tool to be entered', () => gates.has(run.runId));
  return { run, letGo: () => gates.get(run.runId)?.() };
};

const approve = async (run: StartedRun) => {
  const approval = await run.pending();
  return () => run.decide(approval, 'approve');
};

const order = (): readonly string[] => refund.calls.map(({ effectKey }) => effectKey.split(':')[1] ?? '');

describe('S1.11 a limit of active runs per requester', () => {
  test('refuses a start beyond it, with a word on when to come again, and nobody else is held up', async () => {
    const { run, letGo } = await busy(anna);
    const refused = await start(anna);
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_active_runs' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const other = await start(ben);
    expect(other.status).toBe(201);
    await ben.run(other.body.runId).cancel();
    letGo();
    expect(await untilEnded(run)).toMatchObject({ status: 'completed' });
    const next = await start(anna);
    expect(next.status).toBe(201);
    await anna.run(next.body.runId).cancel();
  });

  test('a run that waits for a person holds none; one that goes on takes its turn, in order, and says so', async () => {
    const waiting: StartedRun[] = [];
    for (let number = 0; number < 3; number += 1) {
      const run = await anna.startRun({});
      await run.pending();
      waiting.push(run);
    }
    const [one, two, three] = waiting as [StartedRun, StartedRun, StartedRun];
    const { run: first, letGo } = await busy(anna);
    const before = order().length;
    for (const run of [two, three, one]) {
      const answer = await (await approve(run))();
      // Whoever decides is answered at once, though the call has to wait.
      expect(answer).toMatchObject({ status: 200, body: { outcome: 'recorded' } });
      await run.event('run.queued');
    }
    expect(await start(anna)).toMatchObject({ status: 429 });
    expect(order()).toHaveLength(before);
    expect(await two.get()).toMatchObject({ status: 'running', queuedSince: (await two.event('run.queued')).at });
    expect(await first.get()).toMatchObject({ status: 'running', queuedSince: null });
    letGo();
    expect(await untilEnded(first)).toMatchObject({ status: 'completed' });
    for (const run of [two, three, one]) expect(await untilEnded(run)).toMatchObject({ status: 'completed' });
    expect(order().slice(before)).toEqual([two.runId, three.runId, one.runId]);
    const queued = await Promise.all([two, three, one].map((run) => run.event('run.queued')));
    expect(queued.map(({ data }) => data)).toEqual([1, 2, 3].map((place) => ({ limit: LIMIT, place })));
    for (const run of [two, three, one]) {
      const types = await run.types();
      expect(types.filter((type) => type === 'run.queued' || type === 'run.dequeued')).toHaveLength(2);
    }
  });

  test('a model that is asked again after the wait is asked once: nobody hears of a restart', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    const { run: first, letGo } = await busy(anna);
    await run.decide(approval, 'reject');
    await run.event('run.queued');
    letGo();
    await Promise.all([untilEnded(first), untilEnded(run)]);
    const types = await run.types();
    expect(types).toContain('run.dequeued');
    expect(types).not.toContain('message.restarted');
  });

  test('waiting costs no history: a step is in it once, however often it has asked', async () => {
    const run = await anna.startRun({});
    const goOn = await approve(run);
    const { run: first, letGo } = await busy(anna);
    await goOn();
    await run.event('run.queued');
    letGo();
    await Promise.all([untilEnded(first), untilEnded(run)]);
    const connection = await Connection.connect({ address: world.temporalAddress });
    const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId: run.runId }));
    const { events } = await handle.fetchHistory();
    await connection.close();
    const steps = events?.flatMap(({ activityTaskScheduledEventAttributes: step }) => step?.activityType?.name ?? []);
    expect(steps?.filter((name) => name !== 'flush')).toEqual(['callModel', 'runTool', 'callModel']);
    const attempts = events?.flatMap(({ activityTaskStartedEventAttributes: step }) => step?.attempt ?? []);
    expect(Math.max(...(attempts ?? []))).toBeGreaterThan(1);
  });

  test('S2.2 a run that is cancelled while it waits ends at once, never having run, and gives its place back', async () => {
    const one = await anna.startRun({});
    const first = await approve(one);
    const other = await anna.startRun({});
    const second = await approve(other);
    const { run, letGo } = await busy(anna);
    const before = order().length;
    await first();
    await one.event('run.queued');
    await second();
    await other.event('run.queued');
    expect(await one.cancel()).toMatchObject({ status: 200, body: { cancelled: true } });
    expect(await untilEnded(one)).toMatchObject({ status: 'cancelled' });
    expect(await one.types()).not.toContain('tool.outcome_unknown');
    letGo();
    await Promise.all([untilEnded(run), untilEnded(other)]);
    expect(order().slice(before)).toEqual([other.runId]);
  });

  test('a run that replaces another takes over its slot', async () => {
    const body = { agent: 'worker', input: 'Begin.', conversationId: 'ticket-slot' };
    const old = await anna.startRun(body);
    await waitFor('the tool to be entered', () => gates.has(old.runId));
    const busyAnswer = await anna.request<{ code: string }>('POST', '/v1/runs', { body });
    expect(busyAnswer).toMatchObject({ status: 409, body: { code: 'conversation_busy', runId: old.runId } });
    const run = await anna.startRun({ ...body, replace: true });
    await waitFor('the tool to be entered', () => gates.has(run.runId));
    for (const one of [old, run]) gates.get(one.runId)?.();
    expect(await untilEnded(run)).toMatchObject({ status: 'completed' });
    expect(await untilEnded(old)).toMatchObject({ status: 'cancelled' });
  });
});
