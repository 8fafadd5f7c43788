/** Instructions are filled in when a run starts, and stay as they were. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentDefinition, agentDigest, defineAgent } from '../../src/adapters/agents/define-agent.ts';
import type { ModelRequest } from '../../src/adapters/models/model-port.ts';
import { putDefinition } from '../../src/store/definitions.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const requests: ModelRequest[] = [];
const greet = (instructions: string) =>
  testAgent({
    name: 'greet',
    instructions,
    variables: { customer: {}, tone: { default: 'friendly', values: ['friendly', 'formal'] } },
    tools: [refund],
    script: [
      (request) => {
        requests.push(request);
        return asksFor('refund', {});
      },
      (request) => {
        requests.push(request);
        return says('Done.');
      },
    ],
  });
const agent = greet('Greet {{customer}} ({{tone}}) on {{run.date}} in {{run.timezone}}.');

let world: World;
beforeAll(async () => {
  world = await testWorld({ agents: [agent] });
});
afterAll(() => world[Symbol.asyncDispose]());

test('S1.9 the same text in every turn, also after the agent was edited while the run waited', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'greet', variables: { customer: 'Ada' }, timezone: 'Asia/Tokyo' });
  const approval = await run.pending();
  const edited = agentDefinition(greet('Insult {{customer}}.'), []);
  await putDefinition(world.store, world.scope, edited, agentDigest(edited));
  await run.decide(approval, 'approve');
  await run.ends();
  const date = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Tokyo' }).format(Date.now());
  expect(requests[0]?.instructions).toContain(`Greet Ada (friendly) on ${date} in Asia/Tokyo.`);
  expect(requests[1]?.instructions).toBe(requests[0]?.instructions);
  const original = agentDefinition(agent, []);
  await putDefinition(world.store, world.scope, original, agentDigest(original));
});

test.each([
  [{ variables: {} }, 422, '/variables/customer'],
  [{ variables: { customer: 'Ada', tone: 'rude' } }, 422, '/variables/tone'],
  [{ variables: { customer: 'Ada', mood: 'x' } }, 422, '/variables/mood'],
  [{ variables: { customer: 7 } }, 400, '/variables'],
  [{ variables: { customer: 'Ada' }, timezone: 'Mars/Olympus' }, 400, '/timezone'],
])('bad values %j start nothing', async (more, status, pointer) => {
  const anna = await world.person('anna');
  const before = await anna.request<{ data: unknown[] }>('GET', '/v1/runs');
  const answer = await anna.request<{ errors: { pointer: string }[] }>('POST', '/v1/runs', {
    body: { agent: 'greet', input: 'Go.', ...more },
  });
  expect(answer.status).toBe(status);
  expect(answer.body.errors.map((error) => error.pointer)).toContain(pointer);
  const after = await anna.request<{ data: unknown[] }>('GET', '/v1/runs');
  expect(after.body.data).toHaveLength(before.body.data.length);
});

test('other values under the same key are another request', async () => {
  const anna = await world.person('anna');
  const start = (customer: string) =>
    anna.request('POST', '/v1/runs', {
      headers: { 'idempotency-key': 'once' },
      body: { agent: 'greet', input: 'Go.', variables: { customer } },
    });
  expect((await start('Ada')).status).toBe(201);
  expect((await start('Ada')).status).toBe(200);
  expect((await start('Bob')).status).toBe(422);
});

test('instructions that name a variable which is not declared are a fault of the definition', () => {
  expect(() =>
    defineAgent({ name: 'helper', model: 'scripted/x', instructions: 'Hi {{nobody}}.', variables: {} }),
  ).toThrow('agents.helper.instructions: {{nobody}} is not among the variables');
});
