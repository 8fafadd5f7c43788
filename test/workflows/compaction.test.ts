/** A conversation that no longer fits is summed up, as a step of its own. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ModelError } from '../../src/adapters/models/model-port.ts';
import type { ModelPort, ModelRequest } from '../../src/adapters/models/model-port.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { ScriptedTurn, World } from '../../src/testing/index.ts';
import { scriptedModel } from '../../src/testing/scripted-model.ts';
import { testWorld } from '../support/world.ts';

const look = recordingTool('look', { effect: 'none' });
const refund = recordingTool('refund');
const requests: ModelRequest[] = [];

const isSummary = (request: ModelRequest): boolean => request.instructions.includes('Write a summary');
const lengthOf = (request: ModelRequest): number => JSON.stringify(request.messages).length;

/** Has a small window, and remembers what it was given. */
const small = (most: number, turns: (request: ModelRequest) => ScriptedTurn): ModelPort => ({
  async generate(request, io) {
    if (lengthOf(request) > most) throw new ModelError('context_too_long', 'Too long.', { retryable: false });
    requests.push(request);
    const turn = isSummary(request) ? says('SUMMARY: looked around.') : turns(request);
    return scriptedModel(() => turn).generate(request, io);
  },
});

let asked = 0;
const looksFiveTimes = (): ScriptedTurn => {
  asked += 1;
  return asked <= 5 ? asksFor('look', { text: `${asked}${'x'.repeat(300)}` }) : says('Done.');
};
let carefully = 0;
const asksOnce = (): ScriptedTurn => {
  carefully += 1;
  if (carefully === 3) return asksFor('refund', { text: 'waits' });
  return carefully <= 4 ? asksFor('look', { text: `${carefully}` }) : says('Done.');
};

const policy = [{ id: 'look', match: 'look', effect: 'allow' }] as const;
let world: World;
beforeAll(async () => {
  const common = { tools: [look, refund], policy: [...policy], script: [] };
  world = await testWorld({
    agents: [
      testAgent({ ...common, name: 'small', model: 'tiny/m', providers: { tiny: small(2_500, looksFiveTimes) } }),
      testAgent({ ...common, name: 'hopeless', model: 'none/m', providers: { none: small(-1, () => says('never')) } }),
      testAgent({
        ...common,
        name: 'early',
        model: 'wide/m',
        providers: { wide: small(100_000, asksOnce) },
        limits: { compactAtPercent: 10, contextTokens: 100 },
      }),
    ],
  });
});
afterAll(() => world[Symbol.asyncDispose]());

test('S1.14 what the provider refuses is summed up and asked again; the input and the last turns stay', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'small', input: 'Look around five times.' });
  expect(await run.ends()).toMatchObject({ status: 'completed', output: 'Done.' });
  const events = await run.events();
  const compacted = events.filter(({ type }) => type === 'context.compacted');
  expect(compacted.length).toBeGreaterThan(0);
  expect(compacted[0]?.content?.text).toBe('SUMMARY: looked around.');
  expect(JSON.stringify(compacted.map(({ data }) => data))).not.toContain('SUMMARY');
  const at = events.findIndex(({ type }) => type === 'context.compacted');
  expect(events.slice(at - 5, at + 2).map(({ type }) => type)).toEqual([
    'turn.started',
    'message.restarted',
    'context.filled',
    'turn.started',
    'usage.recorded',
    'context.compacted',
    'turn.started',
  ]);
  const last = requests.filter((request) => !isSummary(request)).at(-1);
  expect(last?.messages[0]?.text).toMatch(/^Look around five times\.\n\nSummary of turns 1 to \d, .*\n\nSUMMARY/);
  // Every call that is still told has its result.
  const calls = last?.messages.flatMap((message) => (message.role === 'assistant' ? message.calls : [])) ?? [];
  const results = last?.messages.filter((message) => message.role === 'tool') ?? [];
  expect(results).toHaveLength(calls.length);
  const turns = events.filter(({ type }) => type === 'message.completed').map(({ data }) => data['turn']);
  expect(turns).toEqual([1, 2, 3, 4, 5, 6]);
});

test('S1.14 where nothing is left to sum up, the run fails and says why', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'hopeless' });
  expect(await run.ends()).toMatchObject({ status: 'failed', failure: { code: 'context_too_long' } });
});

test('S1.14 above the configured share it is summed up between turns: never while a call waits for a decision', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'early' });
  const approval = await run.pending();
  const before = await run.types();
  await run.decide(approval, 'approve');
  await run.ends();
  const types = await run.types();
  const askedAt = types.indexOf('approval.requested');
  const doneAt = types.indexOf('tool.completed', askedAt);
  expect(before).toContain('approval.requested');
  expect(types.slice(askedAt, doneAt)).not.toContain('context.compacted');
  expect(types.slice(doneAt)).toContain('context.compacted');
  expect((await run.events()).find(({ type }) => type === 'context.filled')?.data['reason']).toBe('share');
});
