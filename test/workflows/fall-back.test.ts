/** A provider that says no for good, and the agent's next model. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ModelError } from '../../src/adapters/models/model-port.ts';
import type { ModelPort, ModelRequest } from '../../src/adapters/models/model-port.ts';
import { asksFor, recordingTool, says, testAgent, thinks } from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { scriptedModel } from '../../src/testing/scripted-model.ts';
import { testWorld } from '../support/world.ts';

const look = recordingTool('look', { effect: 'none' });
const requests: ModelRequest[] = [];

/** Answers its first turn, then has no quota left. */
const main: ModelPort = {
  async generate(request, io) {
    if (request.messages.some((message) => message.role === 'assistant'))
      throw new ModelError('quota_exceeded', 'No quota is left.', { retryable: false });
    return scriptedModel([thinks('sealed by main', asksFor('look', {}))]).generate(request, io);
  },
};
const spare: ModelPort = {
  async generate(request, io) {
    requests.push(request);
    return scriptedModel([says('never'), asksFor('look', {}), says('From the spare one.')]).generate(request, io);
  },
};

let world: World;
beforeAll(async () => {
  const agents = [
    testAgent({
      name: 'careful',
      model: 'main/m',
      fallbackModels: ['nobody/m', 'spare/m'],
      providers: { main, spare },
      tools: [look],
      policy: [{ id: 'look', match: 'look', effect: 'allow' }],
      script: [],
    }),
  ];
  world = await testWorld({ agents });
});
afterAll(() => world[Symbol.asyncDispose]());

test('S1.9 the next models are asked in order, told by events, and the run stays with the one that answers', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'careful' });
  expect(await run.ends()).toMatchObject({ status: 'completed', output: 'From the spare one.' });
  const events = await run.events();
  const fell = events.filter((event) => event.type === 'model.fell_back').map((event) => event.data);
  expect(fell).toEqual([
    { turn: 2, from: 'main/m', to: 'nobody/m', code: 'quota_exceeded' },
    { turn: 2, from: 'nobody/m', to: 'spare/m', code: 'model_not_configured' },
  ]);
  const models = events.filter((event) => event.type === 'usage.recorded').map((event) => event.data['model']);
  expect(models).toEqual(['main/m', 'spare/m', 'spare/m']);
  // Thoughts are sealed for the model that had them.
  expect(JSON.stringify(requests)).not.toContain('sealed by main');
  expect(requests.map((request) => request.model)).toEqual(['m', 'm']);
});

test('the list of agents names the models', async () => {
  const anna = await world.person('anna');
  const { body } = await anna.request<{ data: object[] }>('GET', '/v1/agents');
  expect(body.data[0]).toMatchObject({ model: 'main/m', fallbackModels: ['nobody/m', 'spare/m'] });
});
