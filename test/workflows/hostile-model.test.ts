/** What a run does with each thing that a model may return: docs/reference/bad-behaviour.md has the same table. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelPort, RequestedCall } from '../../src/adapters/models/model-port.ts';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const look = recordingTool('look', { effect: 'none' });
const usage = { inputTokens: 1, outputTokens: 1 };
const call = (argumentsText: string, more: Partial<RequestedCall> = {}): RequestedCall => ({
  providerCallId: 'p1',
  tool: 'look',
  argumentsText,
  ...more,
});

/** By the row of the table: the calls, and the codes that they are answered with; `ran` where one runs. */
const rows: readonly (readonly [
  row: string,
  calls: readonly RequestedCall[],
  answers: Readonly<Record<string, number>>,
])[] = [
  ['malformed JSON', [call('{"text":')], { invalid_arguments: 1 }],
  ['arguments that are no object', [call('[1]'), call('"x"'), call('null')], { invalid_arguments: 3 }],
  ['equal keys', [call('{"text":"a","text":"b"}')], { invalid_arguments: 1 }],
  ['a number that loses digits', [call('{"text":12345678901234567890}')], { invalid_arguments: 1 }],
  ['a prototype key', [call('{"__proto__":{"text":"x"}}')], { invalid_arguments: 1 }],
  ['an unknown key', [call('{"text":"x","admin":true}')], { invalid_arguments: 1 }],
  [
    'control characters',
    [call('{"text":"\\u0000"}'), call('{"text":"\u0007"}'), call('{"text":"\\ud800"}')],
    { invalid_arguments: 3 },
  ],
  ['nesting without end', [call('['.repeat(100_000))], { invalid_arguments: 1 }],
  ['an argument of a megabyte', [call(`{"text":"${'x'.repeat(1_100_000)}"}`)], { invalid_arguments: 1 }],
  [
    'an unknown tool',
    [call('{}', { tool: 'rm' }), call('{}', { tool: '__proto__' }), call('{}', { tool: 'lo\u001bok' })],
    { unknown_tool: 3 },
  ],
  ['equal call ids', [call('{"text":"a"}'), call('{"text":"b"}')], { ran: 2 }],
  ['no call id', [call('{}', { providerCallId: '' })], { ran: 1 }],
  ['ten thousand calls', Array.from({ length: 10_000 }, () => call('{}')), { ran: 64, too_many_calls: 192 }],
];

const modelOf = (calls: readonly RequestedCall[]): ModelPort => ({
  async generate({ messages }) {
    const isFirst = messages.every(({ role }) => role !== 'assistant');
    return isFirst
      ? { text: '', calls, usage, finishReason: 'tool-calls' }
      : { text: 'Done.', calls: [], usage, finishReason: 'stop' };
  },
});

let world: World;
beforeAll(async () => {
  const agents = rows.map(([, calls], index) =>
    testAgent({
      name: `hostile-${index}`,
      model: `hostile${index}/m`,
      providers: { [`hostile${index}`]: modelOf(calls) },
      tools: [look],
      policy: [{ id: 'look', match: 'look', effect: 'allow' }],
      script: [],
    }),
  );
  world = await testWorld({ agents });
});
afterAll(() => world[Symbol.asyncDispose]());

describe('S1.5 a model returns', () => {
  test.each(rows.map(([row, , answers], index) => ({ row, answers, index })))('$row', async ({ answers, index }) => {
    const anna = await world.person('anna');
    const run = await anna.startRun({ agent: `hostile-${index}` });
    // It hears what was wrong, and the run goes on.
    expect(await run.ends()).toMatchObject({ status: 'completed', output: 'Done.' });
    const told: Record<string, number> = {};
    const pages = await allEvents(anna, run.runId);
    for (const { type, data } of pages) {
      const code = type === 'tool.completed' ? 'ran' : type === 'tool.denied' ? String(data['code']) : undefined;
      if (code !== undefined) told[code] = (told[code] ?? 0) + 1;
    }
    expect(told).toEqual(answers);
    // Our own ids tell calls apart, whatever the provider's are.
    const started = pages.filter(({ type }) => type === 'tool.started').map(({ data }) => data['toolCallId']);
    expect(new Set(started).size).toBe(answers['ran'] ?? 0);
  });

  test('nothing that the table of the reference does not name', () => {
    const page = readFileSync(new URL('../../docs/reference/bad-behaviour.md', import.meta.url), 'utf8');
    for (const [row] of rows) expect(page, row).toContain(`| ${row} |`);
  });
});

interface TestEvent {
  readonly seq: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function allEvents(anna: Awaited<ReturnType<World['person']>>, runId: string): Promise<readonly TestEvent[]> {
  const all: TestEvent[] = [];
  for (let more = true; more;) {
    const { body } = await anna.request<{ data: TestEvent[] }>(
      'GET',
      `/v1/runs/${runId}/events?limit=100&after=${all.at(-1)?.seq ?? 0}`,
    );
    all.push(...body.data);
    more = body.data.length === 100;
  }
  return all;
}
