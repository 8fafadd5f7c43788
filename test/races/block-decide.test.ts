/** One approves while another blocks the run. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { replicatedWorld } from '../support/replicated-world.ts';
import type { ReplicatedWorld } from '../support/replicated-world.ts';
import { lag } from './lag.ts';

const ROUNDS = 4;

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

let stage: ReplicatedWorld;
let anna: Person;
let ben: Person;

beforeAll(async () => {
  stage = await replicatedWorld({ agents: [agent] }, ['anna', 'ben']);
  [anna, ben] = stage.people as [Person, Person];
});
afterAll(() => stage[Symbol.asyncDispose]());

const effectsOf = (runId: string) => refund.callsOf(runId).length;

const count = (types: readonly string[], type: string) => types.filter((one) => one === type).length;

interface Outcome {
  readonly order: string;
  readonly types: readonly string[];
}

async function race(blockLag: number, decisionLag: number): Promise<Outcome> {
  const run = await anna.startRun({});
  const approval = await run.pending();
  const [blocked, decided] = await Promise.all([
    lag(ben, blockLag).then(() => ben.run(run.runId).block('Something is wrong.')),
    lag(ben, decisionLag).then(() => run.decide(approval, 'approve')),
  ]);
  const answers = JSON.stringify([blocked, decided]);
  // A block takes nobody's vote away: both are recorded, whoever came first. It comes too late only for a run that is over.
  expect(decided.status, answers).toBe(200);
  expect([200, 410], answers).toContain(blocked.status);
  if (blocked.status === 200 && (await run.get()).status === 'needs_attention') {
    const parked = await run.types();
    // What had started when the block came is recorded; nothing starts after it.
    const afterBlock = parked.slice(parked.indexOf('run.blocked'));
    expect(afterBlock, answers).not.toContain('tool.started');
    expect(afterBlock, answers).not.toContain('turn.started');
    expect((await ben.run(run.runId).unblock('All is well.')).status).toBe(200);
  }
  expect(await run.settles()).toMatchObject({ status: 'completed' });
  // Consent that was given holds: it ran once, before the block or after it.
  expect(effectsOf(run.runId), answers).toBe(1);
  expect(await verifyStoredChain(stage.world.store, stage.world.scope, run.runId)).toMatchObject({ ok: true });
  const types = await run.types();
  const order = types.filter((type) => ['run.blocked', 'approval.decided', 'tool.started'].includes(type));
  return { order: order.join(' '), types };
}

describe('approve against block', () => {
  test.for([
    ['together', 0, 0],
    ['the block a little earlier', 0, 1],
    ['the block earlier', 0, 4],
    ['the decision a little earlier', 1, 0],
    ['the decision earlier', 4, 0],
  ] as const)(
    'S4.1 B2 both count, nothing starts while blocked: %s',
    async ([, blockLag, decisionLag], { annotate }) => {
      const outcomes = await Promise.all(Array.from({ length: ROUNDS }, () => race(blockLag, decisionLag)));
      await annotate(outcomes.map(({ order }) => order).join(', '));
      for (const { types } of outcomes) {
        expect(count(types, 'approval.decided')).toBe(1);
        expect(count(types, 'tool.started')).toBe(1);
        expect(count(types, 'tool.completed')).toBe(1);
        expect(count(types, 'run.unblocked')).toBe(count(types, 'run.blocked'));
      }
    },
  );

  test('a run that is blocked first waits, approved, for as long as it takes', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    expect((await ben.run(run.runId).block('Look first.')).status).toBe(200);
    expect((await run.decide(approval, 'approve')).status).toBe(200);
    expect(await run.settles()).toMatchObject({ status: 'needs_attention' });
    expect(effectsOf(run.runId)).toBe(0);
    await ben.run(run.runId).unblock();
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(run.runId)).toBe(1);
  });

  test('ten block and unblock at once: every one is answered, and the run can go on', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => {
        const one = index % 2 === 0 ? anna.run(run.runId) : ben.run(run.runId);
        return index < 5 ? one.block(`Stop ${index}.`) : one.unblock(`Go ${index}.`);
      }),
    );
    for (const { status } of answers) expect([200, 409]).toContain(status);
    expect(answers.slice(0, 5).every(({ status }) => status === 200)).toBe(true);
    while ((await run.get()).status === 'needs_attention') await anna.run(run.runId).unblock('Go.');
    expect((await run.decide(approval, 'approve')).status).toBe(200);
    expect(await run.settles()).toMatchObject({ status: 'completed' });
    expect(effectsOf(run.runId)).toBe(1);
  });
});
