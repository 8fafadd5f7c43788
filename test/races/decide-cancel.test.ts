/** One approves while another cancels the run, on one replica and on two. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { testWorld } from '../support/world.ts';
import { lag } from './lag.ts';

const ROUNDS = 4;

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', {}), says('Done.')] });

let world: World;
let replica: Replica;
let anna: Person;
let ben: Person;

beforeAll(async () => {
  world = await testWorld({ agents: [agent] });
  replica = await createReplica(world);
  [anna, ben] = await Promise.all([world.person('anna'), world.person('ben')]);
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const effectsOf = (runId: string) => refund.callsOf(runId).length;

interface Outcome {
  readonly decision: number;
  readonly cancelled: boolean;
  readonly status: string;
  readonly effects: number;
  readonly types: readonly string[];
}

async function race(cancelLag: number, decisionLag: number, canceller: Person): Promise<Outcome> {
  const run = await anna.startRun({});
  const approval = await run.pending();
  const [cancelled, decided] = await Promise.all([
    lag(ben, cancelLag).then(() => canceller.run(run.runId).cancel()),
    lag(ben, decisionLag).then(() => run.decide(approval, 'approve')),
  ]);
  expect(cancelled.status).toBe(200);
  const { status } = await run.settles();
  expect(await verifyStoredChain(world.store, world.scope, run.runId)).toMatchObject({ ok: true });
  return {
    decision: decided.status,
    cancelled: (cancelled.body as { cancelled: boolean }).cancelled,
    status,
    effects: effectsOf(run.runId),
    types: await run.types(),
  };
}

const count = (types: readonly string[], type: string) => types.filter((one) => one === type).length;

describe('approve against cancel', () => {
  test.for([
    ['together', 0, 0],
    ['the cancel a little earlier', 0, 1],
    ['the cancel earlier', 0, 4],
    ['the decision a little earlier', 1, 0],
    ['the decision earlier', 4, 0],
    ['the decision much earlier', 12, 0],
  ] as const)(
    'B2 S2.2 S3.7 answers, effect and end of the run agree: %s',
    async ([, cancelLag, decisionLag], { annotate }) => {
      const outcomes = await Promise.all(
        Array.from({ length: ROUNDS }, (_, round) =>
          race(cancelLag, decisionLag, round % 2 === 0 ? replica.speaksHere(ben) : ben),
        ),
      );
      await annotate(outcomes.map(({ decision, status, effects }) => `${decision} ${status} ${effects}`).join(', '));
      for (const { decision, cancelled, status, effects, types } of outcomes) {
        const what = JSON.stringify({ decision, cancelled, status, effects, types });
        // Only what was recorded may have run, and what has run is recorded.
        expect([200, 410], what).toContain(decision);
        expect(count(types, 'approval.decided'), what).toBe(decision === 200 ? 1 : 0);
        expect(count(types, 'approval.withdrawn'), what).toBe(decision === 200 ? 0 : 1);
        expect(effects, what).toBeLessThanOrEqual(decision === 200 ? 1 : 0);
        expect(count(types, 'tool.completed'), what).toBe(effects);
        // The answer to who cancelled is how the run ended, once.
        expect(cancelled, what).toBe(status === 'cancelled');
        expect(count(types, 'run.cancelled') + count(types, 'run.completed'), what).toBe(1);
        expect(types, what).not.toContain('run.blocked');
      }
    },
  );
});
