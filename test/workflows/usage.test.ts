/** What a run used, from the provider's count to what people read. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ModelError } from '../../src/adapters/models/model-port.ts';
import type { ModelPort } from '../../src/adapters/models/model-port.ts';
import { defineAgent } from '../../src/adapters/agents/define-agent.ts';
import type { World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

/** Fails once after it was counted, then thinks and answers. */
const acme = (): ModelPort => {
  let failed = false;
  return {
    async generate() {
      const usage = { inputTokens: 100, outputTokens: 10, cachedInputTokens: 60, reasoningTokens: 4 };
      if (failed) return { text: 'Done.', calls: [], usage, finishReason: 'stop' };
      failed = true;
      throw new ModelError('provider_error', 'It broke.', { retryable: true, retryAfterMs: 1, usage });
    },
  };
};

let world: World;
beforeAll(async () => {
  const agents = ['priced', 'unpriced'].map((name) =>
    defineAgent({ name, model: `${name}/m`, instructions: 'Answer.', providers: { [name]: acme() } }),
  );
  world = await testWorld({
    agents,
    prices: {
      currency: 'EUR',
      models: { 'priced/*': { inputPerMillion: 10, cachedInputPerMillion: 1, outputPerMillion: 50 } },
    },
  });
});
afterAll(() => world[Symbol.asyncDispose]());

test('S1.14 attempts that failed are counted and priced; run, events and sum agree', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'priced' });
  const detail = await run.ends();
  const recorded = (await run.events()).filter((event) => event.type === 'usage.recorded');
  const once = {
    inputTokens: 100,
    outputTokens: 10,
    cachedInputTokens: 60,
    reasoningTokens: 4,
    costMicros: { EUR: 960 },
  };
  expect(recorded.map((event) => event.data)).toEqual([
    { turn: 1, ...once, model: 'priced/m', failed: true },
    { turn: 1, ...once, model: 'priced/m' },
  ]);
  expect(detail.usage).toEqual({
    inputTokens: 200,
    outputTokens: 20,
    cachedInputTokens: 120,
    reasoningTokens: 8,
    costMicros: { EUR: 1_920 },
    unpricedCalls: 0,
  });
});

test('S1.14 without a price nothing is made up', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'unpriced' });
  expect((await run.ends()).usage).toMatchObject({ inputTokens: 200, costMicros: {}, unpricedCalls: 2 });
});
