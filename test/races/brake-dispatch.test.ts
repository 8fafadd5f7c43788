/** A brake is put on while calls are let go. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Brake } from '../../src/contract/brakes.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { testWorld } from '../support/world.ts';

const RUNS = 6;

const refund = recordingTool('refund');
const lookup = recordingTool('lookup');
const asking = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });
const free = testAgent({
  name: 'free',
  tools: [lookup],
  policy: [{ id: 'free', match: 'lookup', effect: 'allow', reason: 'Harmless.' }],
  script: [asksFor('lookup', {}), says('Done.')],
});

let world: World;
let anna: Person;

beforeAll(async () => {
  world = await testWorld({ agents: [asking, free] });
  anna = await world.person('anna');
});
afterAll(() => world[Symbol.asyncDispose]());

const effectsOf = (runId: string) => refund.callsOf(runId).length + lookup.callsOf(runId).length;

async function brake(body: object): Promise<Brake> {
  const answer = await anna.request<Brake>('POST', '/v1/brakes', { body: { reason: 'Stop.', ...body } });
  expect(answer.status).toBe(201);
  return answer.body;
}
const release = ({ brakeId }: Brake) => anna.request('DELETE', `/v1/brakes/${brakeId}`);
const count = (types: readonly string[], type: string) => types.filter((one) => one === type).length;

async function expectOneEffect(run: StartedRun): Promise<void> {
  expect(await run.settles()).toMatchObject({ status: 'completed' });
  expect(effectsOf(run.runId)).toBe(1);
  expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
}

describe('brake against dispatch', () => {
  test.for([
    ['the tool', { tool: 'refund' }],
    ['the agent', { agent: 'helper' }],
    ['the project', {}],
    ['the tenant', { scope: 'tenant' }],
  ] as const)('B18 a call ran, or is held, and never both: a brake on %s', async ([, body], { annotate }) => {
    const runs = await Promise.all(Array.from({ length: RUNS }, () => anna.startRun({})));
    const approvals = await Promise.all(runs.map((run) => run.pending()));
    let on: Brake | undefined;
    const half = Math.floor(RUNS / 2);
    await Promise.all([
      ...runs.slice(0, half).map((run, index) => run.decide(approvals[index] as never, 'approve')),
      brake(body).then((made) => (on = made)),
    ]);
    if (!on) throw new Error('no brake');
    // From the answer on nothing starts, on any worker: not within two seconds, at once.
    await Promise.all(runs.slice(half).map((run, index) => run.decide(approvals[half + index] as never, 'approve')));
    for (const run of runs.slice(half)) {
      await run.event('tool.held');
      expect(effectsOf(run.runId)).toBe(0);
    }
    const held: number[] = [];
    for (const run of runs.slice(0, half)) {
      const types = await Promise.race([
        run.event('tool.held').then(() => run.types()),
        run.event('tool.completed').then(() => run.types()),
      ]);
      expect(effectsOf(run.runId) + count(types, 'tool.held')).toBe(1);
      held.push(count(types, 'tool.held'));
    }
    await annotate(`held ${held.join(' ')} of those that were let go at the same moment`);
    await release(on);
    await Promise.all(runs.map(expectOneEffect));
    // Told once, however often the gate has looked.
    for (const run of runs) expect(count(await run.types(), 'tool.held')).toBeLessThanOrEqual(1);
  });

  test('B18 calls that need no consent are held, too; a brake on another tool, agent or project holds none', async () => {
    const others = await Promise.all([
      brake({ tool: 'refund' }),
      brake({ agent: 'helper' }),
      brake({ agent: 'free', tool: 'refund' }),
    ]);
    await expectOneEffect(await anna.startRun({ agent: 'free' }));
    const on = await brake({ agent: 'free', tool: 'lookup' });
    const run = await anna.startRun({ agent: 'free' });
    const told = await run.event('tool.held');
    expect(told.data).toMatchObject({ tool: 'lookup', brakeId: on.brakeId });
    expect(effectsOf(run.runId)).toBe(0);
    await Promise.all([on, ...others].map(release));
    await expectOneEffect(run);
  });

  test('B18 what a bypass lets through runs and is recorded, the rest is held', async () => {
    const on = await brake({});
    const [through, held] = await Promise.all([anna.startRun({ agent: 'free' }), anna.startRun({ agent: 'free' })]);
    await Promise.all([through.event('tool.held'), held.event('tool.held')]);
    const path = `/v1/brakes/${on.brakeId}/bypasses`;
    const body = { scope: { runId: through.runId }, minutes: 5, reason: 'This one must go out.' };
    const opened = await anna.request<{ bypassId: string }>('POST', path, { body });
    expect(opened.status).toBe(201);
    await expectOneEffect(through);
    expect((await through.event('brake.bypassed')).data).toMatchObject({
      brakeId: on.brakeId,
      bypassId: opened.body.bypassId,
      tool: 'lookup',
    });
    expect(effectsOf(held.runId)).toBe(0);
    await release(on);
    await expectOneEffect(held);
    expect(await held.types()).not.toContain('brake.bypassed');
  });

  test('a braked run can be cancelled: nothing ran', async () => {
    const on = await brake({ agent: 'free' });
    const run = await anna.startRun({ agent: 'free' });
    await run.event('tool.held');
    expect((await run.cancel()).status).toBe(200);
    expect(await run.settles()).toMatchObject({ status: 'cancelled' });
    await release(on);
    expect(effectsOf(run.runId)).toBe(0);
  });
});
