/** A cancel while a tool is at work: whether what it had begun took effect is never guessed. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const untilCutOff = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('cut off')), { once: true });
  });
const once = recordingTool('once', { run: (_, { signal }) => untilCutOff(signal) });
const again = recordingTool('again', { effect: 'idempotent', run: (_, { signal }) => untilCutOff(signal) });
const policy = [{ id: 'go', match: '*', effect: 'allow' }] as const;

let world: World;

beforeAll(async () => {
  world = await testWorld({
    agents: ['once', 'again'].map((name) =>
      testAgent({ name, tools: [once, again], policy, script: [asksFor(name, {}), says('ok')] }),
    ),
  });
});
afterAll(() => world[Symbol.asyncDispose]());

test.each([
  ['once', 'tool.outcome_unknown'],
  ['again', 'tool.failed'],
])('B3 S1.16 a tool of effect %s that is cut off leaves %s', async (name, type) => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: name });
  await run.event('tool.started');
  await expect.poll(() => (name === 'once' ? once : again).calls.length).toBeGreaterThan(0);
  expect(await run.cancel()).toMatchObject({ status: 200 });
  expect(await run.ends()).toMatchObject({ status: 'cancelled' });
  expect(await run.types()).toContain(type);
});
