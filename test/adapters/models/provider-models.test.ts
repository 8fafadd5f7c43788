import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ModelError } from '../../../src/adapters/models/model-port.ts';
import type { ModelPort, ModelReply, ModelRequest } from '../../../src/adapters/models/model-port.ts';
import { createModels } from '../../../src/adapters/models/model-registry.ts';
import { openAiResponses } from '../../../src/adapters/models/providers.ts';
import {
  answersError,
  anthropicEvents,
  chatEvents,
  googleEvents,
  providerServer,
  responsesEvents,
  streams,
  trickles,
} from './provider-server.ts';
import type { Turn } from './provider-server.ts';

const KEY = 'sk-canary-4f9a1c';
const CONTENT = 'the customer is Ada Canary';

const modelAt = (modelId: string, baseUrl: string): ModelPort => {
  const own = { apiKey: KEY, baseUrl };
  const model = createModels({ config: { openai: own, anthropic: own, google: own, compatible: own } }).resolve(
    modelId,
  );
  if (model === undefined) throw new Error(`${modelId} does not resolve`);
  return model;
};

/** With another base URL than OpenAI's own the registry chooses chat completions. */
const responsesAt = (baseUrl: string): ModelPort => openAiResponses({ apiKey: KEY, baseUrl });

interface Dialect {
  readonly name: string;
  readonly port: (url: string) => ModelPort;
  readonly events: (turn: Turn) => string[];
  readonly path: string;
  readonly keyHeader: string;
  /** What every request says, whatever is asked. */
  readonly says: object;
  /** False where arguments come as JSON within JSON, not as the text that the model wrote. */
  readonly hasText: boolean;
}

const dialects: readonly Dialect[] = [
  {
    name: 'openai chat',
    port: (url: string) => modelAt('openai/m', url),
    events: chatEvents,
    path: '/v1/chat/completions',
    keyHeader: 'authorization',
    says: { stream: true, model: 'm', temperature: 0.5 },
    hasText: true,
  },
  {
    name: 'openai responses',
    port: responsesAt,
    events: responsesEvents,
    path: '/v1/responses',
    keyHeader: 'authorization',
    says: { stream: true, model: 'm', temperature: 0.5 },
    hasText: true,
  },
  {
    name: 'anthropic',
    port: (url: string) => modelAt('anthropic/m', url),
    events: anthropicEvents,
    path: '/v1/messages',
    keyHeader: 'x-api-key',
    says: { stream: true, model: 'm', temperature: 0.5 },
    hasText: true,
  },
  {
    name: 'compatible',
    port: (url: string) => modelAt('compatible/m', url),
    events: chatEvents,
    path: '/v1/chat/completions',
    keyHeader: 'authorization',
    says: { stream: true, model: 'm', temperature: 0.5 },
    hasText: true,
  },
  {
    name: 'google',
    port: (url: string) => modelAt('google/m', url),
    events: googleEvents,
    path: '/v1beta/models/m:streamGenerateContent?alt=sse',
    keyHeader: 'x-goog-api-key',
    says: { generationConfig: { temperature: 0.5, maxOutputTokens: 100 } },
    hasText: false,
  },
];

const request: ModelRequest = {
  model: 'm',
  parameters: { temperature: 0.5, maxOutputTokens: 100 },
  instructions: 'Be brief.',
  messages: [{ role: 'user', text: CONTENT }],
  tools: [
    {
      name: 'refund',
      description: 'Gives money back',
      inputSchema: { type: 'object', properties: { order: { type: 'string' } }, additionalProperties: false },
    },
  ],
};

const generate = async (
  model: ModelPort,
  overrides: Partial<ModelRequest> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<{ reply: ModelReply; deltas: string[] }> => {
  const deltas: string[] = [];
  const reply = await model.generate({ ...request, ...overrides }, { signal, onText: (delta) => deltas.push(delta) });
  return { reply, deltas };
};

const failure = async (promise: Promise<unknown>): Promise<ModelError> => {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ModelError);
  const shown = inspect(error, { depth: Infinity, showHidden: true });
  expect(shown).not.toContain(KEY);
  expect(shown).not.toContain('Canary');
  return error as ModelError;
};

const turn: Turn = {
  texts: ['Let me ', 'see.'],
  calls: [
    { id: 'call_a', tool: 'refund', pieces: ['{"order":', '"17"}'] },
    { id: 'call_b', tool: 'refund', pieces: ['{"order":"18"}'] },
  ],
};

describe.each(dialects)('$name', ({ port, events, path, keyHeader, says, hasText }) => {
  test('streams text and gives two calls of one turn, in order', async () => {
    await using server = await providerServer(streams(events(turn)));
    const { reply, deltas } = await generate(port(server.url));
    expect(deltas).toEqual(['Let me ', 'see.']);
    const { parts: _, ...heard } = reply;
    expect(heard).toEqual({
      text: 'Let me see.',
      calls: [
        { providerCallId: 'call_a', tool: 'refund', argumentsText: '{"order":"17"}' },
        { providerCallId: 'call_b', tool: 'refund', argumentsText: '{"order":"18"}' },
      ],
      usage: { inputTokens: 11, outputTokens: 7 },
      finishReason: 'tool-calls',
    });
    expect(server.received).toHaveLength(1);
    expect(server.received[0]).toMatchObject({ path, body: says });
    expect(server.received[0]?.headers[keyHeader]).toContain(KEY);
  });

  test
    .runIf(hasText)
    .each([
      '{"order":"17","order":"18"}',
      '{"amount":12345678901234567890}',
      '{"__proto__":{"x":1}}',
      '{"order":',
      '[1]',
      '{"order":"\\u0000"}',
      '{"order":"\\ud800"}',
      'not json',
    ])('arguments %s arrive as they were written', async (text) => {
    await using server = await providerServer(
      streams(
        events({ texts: [], calls: [{ id: 'call_a', tool: 'refund', pieces: [text.slice(0, 4), text.slice(4)] }] }),
      ),
    );
    const { reply } = await generate(port(server.url));
    expect(reply.calls).toEqual([{ providerCallId: 'call_a', tool: 'refund', argumentsText: text }]);
  });

  test('too many requests: retryable after the time the provider names, tried once', async () => {
    await using server = await providerServer(
      answersError(
        429,
        { type: 'error', error: { type: 'rate_limit_error', message: `key ${KEY}: ${CONTENT}` } },
        { 'retry-after': '7' },
      ),
    );
    const error = await failure(generate(port(server.url)));
    expect(error).toMatchObject({ code: 'rate_limited', retryable: true, retryAfterMs: 7000 });
    expect(server.received).toHaveLength(1);
  });

  test.each([
    [500, 'boom', 'provider_unavailable', true],
    [503, 'boom', 'provider_unavailable', true],
    [401, `Incorrect API key provided: ${KEY}`, 'provider_auth', false],
    [403, 'no', 'provider_auth', false],
    [404, 'no such model', 'model_not_found', false],
    [400, `cannot read ${CONTENT}`, 'bad_request', false],
    [400, "This model's maximum context length is 8192 tokens", 'context_too_long', false],
    [400, 'prompt is too long: 210000 tokens > 200000 maximum', 'context_too_long', false],
    [413, 'request_too_large', 'context_too_long', false],
  ])('HTTP %i "%s" is %s', async (status, message, code, retryable) => {
    await using server = await providerServer(
      answersError(status, { type: 'error', error: { type: 'some_error', message } }),
    );
    expect(await failure(generate(port(server.url)))).toMatchObject({ code, retryable });
  });

  test('an exhausted account is fatal although it answers 429', async () => {
    await using server = await providerServer(
      answersError(429, {
        type: 'error',
        error: { type: 'insufficient_quota', message: 'x', code: 'insufficient_quota' },
      }),
    );
    expect(await failure(generate(port(server.url)))).toMatchObject({ code: 'quota_exceeded', retryable: false });
  });

  test('a slow connection that sends a few bytes at a time makes the same answer', async () => {
    await using server = await providerServer(trickles(events(turn), 7));
    const { reply } = await generate(port(server.url));
    expect(reply).toMatchObject({ text: 'Let me see.', finishReason: 'tool-calls' });
    expect(reply.calls.map((call) => call.argumentsText)).toEqual(['{"order":"17"}', '{"order":"18"}']);
  });

  test('a connection that is cut midway is retryable, and no half answer comes out', async () => {
    const some = events(turn).slice(0, 4);
    await using server = await providerServer(streams(some, 'cut'));
    expect(await failure(generate(port(server.url)))).toMatchObject({ code: 'stream_interrupted', retryable: true });
  });

  test('a stream that ends early without a word is no answer either', async () => {
    await using server = await providerServer(streams(events(turn).slice(0, 4)));
    expect(await failure(generate(port(server.url)))).toMatchObject({ code: 'stream_interrupted', retryable: true });
  });

  test('an answer without end is cut off, and not asked for again', async () => {
    const texts = Array.from({ length: 9 }, () => 'x'.repeat(1024 * 1024));
    await using server = await providerServer(streams(events({ texts, calls: [] })));
    const error = await failure(generate(port(server.url)));
    expect(error).toMatchObject({ code: 'response_too_large', retryable: false });
  });

  test('a server that cannot be reached is retryable', async () => {
    const server = await providerServer(streams([]));
    await server[Symbol.asyncDispose]();
    expect(await failure(generate(port(server.url)))).toMatchObject({ code: 'provider_unreachable', retryable: true });
  });

  test('a redirect is not followed: keys go nowhere else', async () => {
    await using elsewhere = await providerServer(streams(events(turn)));
    await using server = await providerServer((response) => {
      response.writeHead(307, { location: `${elsewhere.url}${path}` });
      response.end();
    });
    await failure(generate(port(server.url)));
    expect(elsewhere.received).toEqual([]);
  });

  test('an aborted turn throws the reason and closes the request', async () => {
    let closed = (): void => {};
    const requestClosed = new Promise<void>((resolve) => (closed = resolve));
    await using server = await providerServer((response) => {
      response.on('close', closed);
      streams(events(turn).slice(0, 4), 'open')(response);
    });
    const controller = new AbortController();
    const reason = new Error('the run was cancelled');
    const running = port(server.url).generate(request, {
      signal: controller.signal,
      onText: () => controller.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
    await requestClosed;
  });

  test('past turns are sent back: results of one turn together, unreadable arguments as none', async () => {
    await using server = await providerServer(streams(events({ texts: ['Done.'], calls: [] })));
    const call = (id: string, argumentsText: string) => ({
      toolCallId: `call_1_${id}`,
      providerCallId: id,
      tool: 'refund',
      argumentsText,
    });
    const result = (id: string, text: string, isError: boolean) =>
      ({ role: 'tool', toolCallId: `call_1_${id}`, providerCallId: id, tool: 'refund', text, isError }) as const;
    const { reply } = await generate(port(server.url), {
      messages: [
        { role: 'user', text: 'Refund 17' },
        { role: 'assistant', text: '', calls: [call('a', '{"order":"17"}'), call('b', '{"order":')] },
        result('a', 'refunded', false),
        result('b', 'malformed_json', true),
        { role: 'assistant', text: '', calls: [] },
        { role: 'user', text: 'Thank you' },
      ],
    });
    expect(reply).toMatchObject({ text: 'Done.', calls: [], finishReason: 'stop' });
    const body = JSON.stringify(server.received[0]?.body);
    for (const part of ['Be brief.', 'Refund 17', 'refunded', 'malformed_json', 'Thank you'])
      expect(body).toContain(part);
    expect(server.received[0]?.body).toMatchSnapshot();
  });
});

test('an error inside a stream that began well is classified by its kind', async () => {
  await using server = await providerServer(
    streams([
      ...anthropicEvents({ texts: ['Hello'], calls: [] }).slice(0, 3),
      `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: CONTENT } })}\n\n`,
    ]),
  );
  const error = await failure(generate(modelAt('anthropic/m', server.url)));
  expect(error).toMatchObject({ code: 'provider_unavailable', retryable: true });
});

test('an error in the stream of chat completions is classified too', async () => {
  await using server = await providerServer(
    streams([
      ...chatEvents({ texts: ['Hello'], calls: [] }).slice(0, 2),
      `data: ${JSON.stringify({ error: { message: `${KEY} ${CONTENT}`, type: 'server_error', code: null } })}\n\n`,
    ]),
  );
  const error = await failure(generate(modelAt('openai/m', server.url)));
  expect(error.retryable).toBe(true);
});

test('OpenAI is told not to store what we send', async () => {
  await using server = await providerServer(streams(responsesEvents(turn)));
  await generate(responsesAt(server.url));
  expect(server.received[0]?.body).toMatchObject({ store: false, tools: [{ strict: false }] });
});

test("parameters that are not understood are the agent's fault, and their values are not repeated", async () => {
  await using server = await providerServer(streams(chatEvents(turn)));
  const error = await failure(generate(modelAt('openai/m', server.url), { parameters: { temperature: 'Canary' } }));
  expect(error).toMatchObject({ code: 'invalid_parameters', retryable: false });
  expect(error.message).toContain('temperature');
  expect(server.received).toEqual([]);
});

describe('Gemini has ways of its own', () => {
  const google = (url: string): ModelPort => modelAt('google/m', url);

  test.each([
    [
      400,
      {
        code: 400,
        message: 'API key not valid.',
        status: 'INVALID_ARGUMENT',
        details: [{ reason: 'API_KEY_INVALID' }],
      },
      { code: 'provider_auth', retryable: false },
    ],
    [
      400,
      {
        code: 400,
        message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
        status: 'INVALID_ARGUMENT',
      },
      { code: 'context_too_long', retryable: false },
    ],
    [
      429,
      { code: 429, message: 'slow down', status: 'RESOURCE_EXHAUSTED', details: [{ retryDelay: '34s' }] },
      { code: 'rate_limited', retryable: true, retryAfterMs: 34_000 },
    ],
  ])('HTTP %i %j', async (status, error, expected) => {
    await using server = await providerServer(answersError(status, { error }));
    expect(await failure(generate(google(server.url)))).toMatchObject(expected);
  });

  test('an error inside a stream that began well is classified by its status', async () => {
    const error = { code: 503, message: CONTENT, status: 'UNAVAILABLE' };
    await using server = await providerServer(
      streams([...googleEvents(turn).slice(0, 1), `data: ${JSON.stringify({ error })}\n\n`]),
    );
    expect(await failure(generate(google(server.url)))).toMatchObject({
      code: 'provider_unavailable',
      retryable: true,
    });
  });

  test.each([
    ['a prototype key', '{"__proto__":{"x":1}}'],
    ['text that is no JSON', '{"order":'],
  ])('%s in arguments breaks the answer as a whole: nothing of it is heard', async (_, args) => {
    const event = `data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"refund","args":${args}}}]}}]}\n\n`;
    await using server = await providerServer(streams([event, ...googleEvents({ texts: [], calls: [] })]));
    expect(await failure(generate(google(server.url)))).toMatchObject({ code: 'invalid_response', retryable: true });
  });

  test('calls without ids get some of their own', async () => {
    const event = `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ functionCall: { name: 'refund', args: {} } }, { functionCall: { name: 'refund', args: {} } }] } }] })}\n\n`;
    await using server = await providerServer(streams([event, ...googleEvents({ texts: [], calls: [] })]));
    const { reply } = await generate(google(server.url));
    expect(new Set(reply.calls.map((call) => call.providerCallId)).size).toBe(2);
  });
});
