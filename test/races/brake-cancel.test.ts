/** A call that a brake holds back, and a cancel: it never ran, and everybody is told so. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
let world: World;

beforeAll(async () => {
  world = await testWorld({
    agents: [
      testAgent({ name: 'refunds', tools: [refund], script: [asksFor('refund', { text: 'five' }), says('ok')] }),
    ],
  });
});
afterAll(() => world[Symbol.asyncDispose]());

test('B18 S2.2 a braked call is taken back by a cancel at once, and nobody is asked whether it ran', async () => {
  const anna = await world.person('anna');
  const brake = await anna.request('POST', '/v1/brakes', { body: { reason: 'Stop all.' } });
  expect(brake.status).toBe(201);
  const run = await anna.startRun({ agent: 'refunds' });
  await run.decide(await run.pending(), 'approve');
  await run.event('tool.held');
  expect(await run.cancel()).toMatchObject({ status: 200, body: { cancelled: true } });
  expect(await run.ends()).toMatchObject({ status: 'cancelled' });
  const types = await run.types();
  expect(types).not.toContain('tool.outcome_unknown');
  expect((await run.event('tool.denied')).data).toMatchObject({ code: 'run_cancelled' });
  expect(refund.calls).toHaveLength(0);
});
