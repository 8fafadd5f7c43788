import { expect, test } from 'vitest';
import type { ModelRequest, TranscriptMessage } from '../../../src/adapters/models/model-port.ts';
import { asksFor, asksForAll, failsOnce, rawText, says, scriptedModel } from '../../../src/testing/scripted-model.ts';

const request = (...messages: TranscriptMessage[]): ModelRequest => ({
  model: 'm',
  parameters: {},
  instructions: '',
  messages,
  tools: [],
});
const user: TranscriptMessage = { role: 'user', text: 'go' };
const assistant: TranscriptMessage = { role: 'assistant', text: '', calls: [] };
const quiet = { signal: new AbortController().signal, onText: () => {} };

test('the step is the number of assistant messages: another process goes on where the first stopped', async () => {
  const script = () => scriptedModel([asksFor('refund', { order: '17' }), says('Done.')]);
  const first = await script().generate(request(user), quiet);
  expect(first).toMatchObject({
    calls: [{ tool: 'refund', argumentsText: '{"order":"17"}', providerCallId: 'scripted_1_1' }],
    finishReason: 'tool-calls',
  });
  expect(await script().generate(request(user), quiet)).toEqual(first);
  expect(await script().generate(request(user, assistant), quiet)).toMatchObject({
    text: 'Done.',
    finishReason: 'stop',
  });
  expect(await script().generate(request(user, assistant, assistant), quiet)).toMatchObject({ text: '', calls: [] });
});

test('a turn can hold several calls, a text and arguments exactly as written', async () => {
  const model = scriptedModel([
    asksForAll([asksFor('a', rawText('{"x":1,"x":2}')), asksFor('b', [1]), asksFor('c', { rawText: 'a value' })], {
      saying: 'Both.',
    }),
  ]);
  const reply = await model.generate(request(user), quiet);
  expect(reply.text).toBe('Both.');
  expect(reply.calls.map((call) => call.argumentsText)).toEqual(['{"x":1,"x":2}', '[1]', '{"rawText":"a value"}']);
  expect(new Set(reply.calls.map((call) => call.providerCallId)).size).toBe(3);
});

test('a step may look at what was really said', async () => {
  const model = scriptedModel((sent) => says(`You said ${sent.messages[0]?.text}.`));
  expect(await model.generate(request(user), quiet)).toMatchObject({ text: 'You said go.' });
  expect(await model.generate(request(user, assistant), quiet)).toMatchObject({ text: 'You said go.' });
});

test('text streams in pieces that never split a character, with a pause after each', async () => {
  const sent: string[] = [];
  const pauses: string[] = [];
  const model = scriptedModel([says('a😀b😀c')], {
    chunkLength: 2,
    pause: async ({ text }) => void pauses.push(text),
  });
  const reply = await model.generate(request(user), { ...quiet, onText: (delta) => sent.push(delta) });
  expect(sent).toEqual(['a😀', 'b😀', 'c']);
  expect(pauses).toEqual(sent);
  expect(reply.text).toBe(sent.join(''));
});

test('a stream that is held open ends when the run is cancelled', async () => {
  const controller = new AbortController();
  const model = scriptedModel([says('abcdef')], {
    chunkLength: 1,
    pause: async () => controller.abort(new Error('cancelled')),
  });
  await expect(model.generate(request(user), { ...quiet, signal: controller.signal })).rejects.toThrow('cancelled');
});

test('a step can fail once and then answer', async () => {
  const model = scriptedModel([failsOnce(new Error('overloaded'), says('Now.'))]);
  await expect(model.generate(request(user), quiet)).rejects.toThrow('overloaded');
  expect(await model.generate(request(user), quiet)).toMatchObject({ text: 'Now.' });
});
