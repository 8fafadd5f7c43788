/** What a model thinks: streamed, kept with its answer, given back to the same model, never in events or history. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Client, Connection } from '@temporalio/client';
import type { ModelRequest } from '../../src/adapters/models/model-port.ts';
import { createClient } from '../../src/client/index.ts';
import type { RunStreamItem } from '../../src/client/index.ts';
import { workflowId } from '../../src/domain/core/ids.ts';
import { asksFor, recordingTool, says, testAgent, thinks } from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

const look = recordingTool('look', { effect: 'none' });
const requests: ModelRequest[] = [];
let open = (): void => {};
const gate = new Promise<void>((resolve) => (open = resolve));

const agents = [
  testAgent({
    name: 'thinker',
    tools: [look],
    policy: [{ id: 'look', match: 'look', effect: 'allow' }],
    script: [
      thinks('canary-thought one', asksFor('look', {}, { saying: 'I look.' })),
      (request) => {
        requests.push(request);
        return thinks('canary-thought two', says('Done.'));
      },
    ],
  }),
  testAgent({
    name: 'slow',
    script: [thinks('half a thought', says('half an answer'))],
    streaming: { chunkLength: 6, pause: ({ text }) => (text === 'n answ' ? gate : Promise.resolve()) },
  }),
];

let world: World;
beforeAll(async () => {
  world = await testWorld({ agents });
});
afterAll(async () => {
  open();
  await world[Symbol.asyncDispose]();
});

test('S1.14 thoughts are content: kept with the message, shown, sent back with the results, in no event', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'thinker' });
  await run.ends();
  const events = await run.events();
  const messages = events.filter((event) => event.type === 'message.completed');
  expect(messages.map((event) => event.content?.reasoning)).toEqual(['canary-thought one', 'canary-thought two']);
  expect(messages[0]?.content?.text).toBe('I look.');
  expect(JSON.stringify(events.map((event) => event.data))).not.toContain('canary');
  const said = requests[0]?.messages.find((message) => message.role === 'assistant');
  expect(said?.parts).toEqual([
    { type: 'reasoning', text: 'canary-thought one', metadata: { scripted: { signature: 'thought_1' } } },
    { type: 'text', text: 'I look.' },
    { type: 'call', call: 0 },
  ]);
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId: run.runId }));
  expect(Buffer.from(JSON.stringify(await handle.fetchHistory())).toString()).not.toContain('canary');
  await connection.close();
});

test('S2.2 thoughts stream apart from the answer; who joins gets both so far; a cancelled message keeps both', async () => {
  const anna = await world.person('anna');
  const client = createClient({ baseUrl: world.url, apiKey: anna.key });
  const run = await anna.startRun({ agent: 'slow' });
  const read = async (isEnough: (items: readonly RunStreamItem[]) => boolean): Promise<readonly RunStreamItem[]> => {
    const items: RunStreamItem[] = [];
    for await (const item of client.runs.events(run.runId)) {
      items.push(item);
      if (isEnough(items)) break;
    }
    return items;
  };
  const textOf = (items: readonly RunStreamItem[], name: 'message' | 'reasoning'): string =>
    items.reduce((text, item) => {
      if (item.event === `${name}.snapshot`) return (item.data as { text: string }).text;
      if (item.event !== `${name}.delta`) return text;
      const { offset, text: piece } = item.data as { offset: number; text: string };
      return text.slice(0, offset) + piece;
    }, '');
  const hasBoth = (items: readonly RunStreamItem[]): boolean =>
    textOf(items, 'reasoning') === 'half a thought' && textOf(items, 'message') === 'half an answ';
  await read(hasBoth);
  const joined = await read(hasBoth);
  expect(joined.map((item) => item.event)).toContain('reasoning.snapshot');
  expect(joined.map((item) => item.event)).toContain('message.snapshot');

  await run.cancel();
  open();
  await run.ends();
  await waitFor('the end', async () => (await run.types()).includes('run.cancelled'));
  const message = (await run.events()).find((event) => event.type === 'message.completed');
  expect(message?.data).toMatchObject({ finishReason: 'cancelled', calls: [] });
  expect(message?.content).toMatchObject({ text: 'half an answ', reasoning: 'half a thought' });
});
