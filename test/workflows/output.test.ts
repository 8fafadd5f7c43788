/** Agents that promise JSON, and runs that are played again. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineAgent } from '../../src/adapters/agents/define-agent.ts';
import type { ModelRequest } from '../../src/adapters/models/model-port.ts';
import {
  asksFor,
  asksForAll,
  rawText,
  recordingTool,
  replayModel,
  says,
  testAgent,
  thinks,
} from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const output = {
  type: 'object',
  properties: { team: { enum: ['billing', 'support'] }, urgent: { type: 'boolean' } },
  required: ['team', 'urgent'],
  additionalProperties: false,
};
const GOOD = '{"team":"billing","urgent":true}';
const look = recordingTool('look', { effect: 'none' });
const policy = [{ id: 'look', match: 'look', effect: 'allow' }] as const;
const requests: ModelRequest[] = [];

const agents = [
  testAgent({
    name: 'good',
    output,
    script: [
      (request) => {
        requests.push(request);
        return says(GOOD);
      },
    ],
  }),
  testAgent({
    name: 'learns',
    output,
    script: [
      says('Billing, I think.'),
      says('{"team":"sales","urgent":true}'),
      (request) => {
        requests.push(request);
        return says(GOOD);
      },
    ],
  }),
  ...['```json\n{}\n```', `${GOOD} `.repeat(2), '{"team":"billing","team":"billing","urgent":true}', ''].map(
    (text, index) => testAgent({ name: `stubborn-${index}`, output, script: [says(text), says(text), says(text)] }),
  ),
  testAgent({
    name: 'recorded',
    tools: [look],
    policy: [...policy],
    script: [
      thinks('Two at once.', asksForAll([asksFor('look', { text: 'a' }), asksFor('look', rawText('{'))])),
      says('Seen.'),
    ],
  }),
];

let world: World;
beforeAll(async () => {
  world = await testWorld({ agents });
});
afterAll(() => world[Symbol.asyncDispose]());

const ended = async (agent: string, place = world) => {
  const run = await (await place.person('anna')).startRun({ agent });
  return { run, detail: await run.ends() };
};

test('S1.19 an answer that fits completes the run; the provider is given the schema', async () => {
  expect((await ended('good')).detail).toMatchObject({ status: 'completed', output: GOOD });
  expect(requests.at(-1)?.output).toEqual(output);
});

test('S1.19 one that does not is told to the model with what is wrong, and asked for again', async () => {
  const { run, detail } = await ended('learns');
  expect(detail).toMatchObject({ status: 'completed', output: GOOD });
  const invalid = (await run.events()).filter(({ type }) => type === 'output.invalid');
  expect(invalid).toHaveLength(2);
  expect(invalid[1]?.content?.reason).toContain('/team');
  const told =
    requests
      .at(-1)
      ?.messages.filter(({ role }) => role === 'user')
      .map(({ text }) => text) ?? [];
  expect(told.at(-1)).toContain('/team');
});

test.each([0, 1, 2, 3])('after its repairs the run fails, with all that was said: answer %i', async (index) => {
  const { run, detail } = await ended(`stubborn-${index}`);
  expect(detail).toMatchObject({ status: 'failed', failure: { code: 'output_invalid' } });
  expect((await run.types()).filter((type) => type === 'message.completed')).toHaveLength(3);
});

test('a schema that nothing can be checked by is a fault of the definition', () => {
  const nonsense = { type: 'nonsense' };
  expect(() => defineAgent({ name: 'x', model: 'scripted/x', instructions: '', output: nonsense })).toThrow(
    'agents.x.output',
  );
});

test('S1.9 a recorded run is played again: the same text, thoughts and calls', async () => {
  const { run } = await ended('recorded');
  const recorded = await run.events();
  const again = testAgent({
    name: 'again',
    model: 'recorded/run',
    providers: { recorded: replayModel({ data: recorded }) },
    tools: [look],
    policy: [...policy],
    script: [],
  });
  await using other = await testWorld({ agents: [again] });
  const replayed = await (await ended('again', other)).run.events();
  const told = (events: typeof recorded) =>
    events
      .filter(({ type }) => ['message.completed', 'tool.completed', 'tool.denied', 'run.completed'].includes(type))
      .map(({ type, content }) => ({
        type,
        text: content?.text,
        reasoning: content?.reasoning,
        calls: content?.calls,
      }));
  expect(told(replayed)).toEqual(told(recorded));
});
