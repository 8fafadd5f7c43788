// Providers sign or seal what a model thought and refuse the next request without it.
import { expect, test } from 'vitest';
import type {
  ModelPort,
  ModelReply,
  ModelRequest,
  TranscriptMessage,
} from '../../../src/adapters/models/model-port.ts';
import type { Usage } from '../../../src/domain/schemas/run.ts';
import {
  anthropicMessages,
  compatibleChat,
  googleGenerateContent,
  openAiResponses,
} from '../../../src/adapters/models/providers.ts';
import { providerServer, streams } from './provider-server.ts';

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: { readonly type: string }): string => `event: ${value.type}\n${data(value)}`;

const anthropic = [
  {
    type: 'message_start',
    message: {
      id: 'm',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      usage: { input_tokens: 1, cache_read_input_tokens: 100, cache_creation_input_tokens: 5 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Let me ' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'think.' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'SIGNED-1' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'content_block_start', index: 1, content_block: { type: 'redacted_thinking', data: 'SEALED-1' } },
  { type: 'content_block_stop', index: 1 },
  { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 'call_a', name: 'look', input: {} } },
  { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{}' } },
  { type: 'content_block_stop', index: 2 },
  { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 7 } },
  { type: 'message_stop' },
].map(named);

const summary = { item_id: 'rs_1', output_index: 0, summary_index: 0 };
const openai = [
  { type: 'response.created', response: { id: 'resp_1', created_at: 1, model: 'o4-mini' } },
  {
    type: 'response.output_item.added',
    output_index: 0,
    item: { type: 'reasoning', id: 'rs_1', encrypted_content: null, summary: [] },
  },
  { type: 'response.reasoning_summary_part.added', ...summary },
  { type: 'response.reasoning_summary_text.delta', ...summary, delta: 'Let me ' },
  { type: 'response.reasoning_summary_text.delta', ...summary, delta: 'think.' },
  { type: 'response.reasoning_summary_part.done', ...summary },
  {
    type: 'response.output_item.done',
    output_index: 0,
    item: { type: 'reasoning', id: 'rs_1', encrypted_content: 'SEALED-1', summary: [] },
  },
  {
    type: 'response.output_item.done',
    output_index: 1,
    item: { type: 'function_call', id: 'fc_1', call_id: 'call_a', name: 'look', arguments: '{}', status: 'completed' },
  },
  {
    type: 'response.completed',
    response: {
      usage: {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 90 },
        output_tokens: 7,
        output_tokens_details: { reasoning_tokens: 5 },
      },
    },
  },
].map(named);

const part = (value: object) => data({ candidates: [{ content: { role: 'model', parts: [value] }, index: 0 }] });
const google = [
  part({ text: 'Let me ', thought: true }),
  part({ text: 'think.', thought: true }),
  part({ functionCall: { id: 'call_a', name: 'look', args: {} }, thoughtSignature: 'SIGNED-1' }),
  data({
    candidates: [{ content: { parts: [] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: {
      promptTokenCount: 100,
      cachedContentTokenCount: 90,
      candidatesTokenCount: 2,
      thoughtsTokenCount: 5,
    },
  }),
];

const chunk = (delta: object, finish_reason: string | null = null): string =>
  data({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason }],
  });
const compatible = [
  chunk({ role: 'assistant', reasoning_content: 'Let me ' }),
  chunk({ reasoning_content: 'think.' }),
  chunk({ tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: 'look', arguments: '{}' } }] }),
  chunk({}, 'tool_calls'),
  'data: [DONE]\n\n',
];

interface Provider {
  readonly name: string;
  readonly model: string;
  readonly create: (config: { apiKey: string; baseUrl: string }) => ModelPort;
  readonly events: string[];
  /** What must be sent back word for word. */
  readonly wanted: readonly string[];
  readonly usage: Usage;
}

const providers: readonly Provider[] = [
  {
    name: 'anthropic',
    model: 'm',
    create: anthropicMessages,
    events: anthropic,
    wanted: ['SIGNED-1', 'SEALED-1'],
    usage: { inputTokens: 106, outputTokens: 7, cachedInputTokens: 100, cacheWriteTokens: 5 },
  },
  {
    name: 'openai',
    model: 'o4-mini',
    create: openAiResponses,
    events: openai,
    wanted: ['SEALED-1', 'rs_1'],
    usage: { inputTokens: 100, outputTokens: 7, cachedInputTokens: 90, reasoningTokens: 5 },
  },
  {
    name: 'google',
    model: 'gemini-3-pro',
    create: googleGenerateContent,
    events: google,
    wanted: ['SIGNED-1'],
    usage: { inputTokens: 100, outputTokens: 7, cachedInputTokens: 90, reasoningTokens: 5 },
  },
  {
    name: 'compatible',
    model: 'm',
    create: compatibleChat,
    events: compatible,
    wanted: [],
    usage: { inputTokens: 0, outputTokens: 0 },
  },
];

const look = { name: 'look', description: '', inputSchema: { type: 'object', properties: {} } };

const ask = async (port: ModelPort, request: Pick<ModelRequest, 'model' | 'messages'>) => {
  const thoughts: string[] = [];
  const reply = await port.generate(
    { parameters: { reasoning: 'low' }, instructions: '', tools: [look], ...request },
    { signal: new AbortController().signal, onText: () => {}, onReasoning: (text) => thoughts.push(text) },
  );
  return { reply, thoughts };
};

const answer = (reply: ModelReply, parts = reply.parts): TranscriptMessage => ({
  role: 'assistant',
  text: reply.text,
  calls: reply.calls.map((call, index) => ({ ...call, toolCallId: `call_1_${index}` })),
  ...(parts && { parts }),
});
const result = (providerCallId: string): TranscriptMessage => ({
  role: 'tool',
  toolCallId: 'call_1_0',
  providerCallId,
  tool: 'look',
  text: 'found',
  isError: false,
});

test.each(providers)('$name: thoughts are streamed apart, kept, and sent back as they were', async (provider) => {
  const { model, create, events, wanted, usage } = provider;
  await using server = await providerServer(streams(events));
  const port = create({ apiKey: 'k', baseUrl: server.url });
  const question: TranscriptMessage = { role: 'user', text: 'Look.' };
  const { reply, thoughts } = await ask(port, { model, messages: [question] });
  expect(thoughts).toEqual(['Let me ', 'think.']);
  expect(reply.text).toBe('');
  expect(reply.parts?.[0]).toMatchObject({ type: 'reasoning', text: 'Let me think.' });
  expect(reply.calls).toHaveLength(1);
  expect(reply.usage).toEqual(usage);
  // What is kept is JSON: it goes through the store.
  const kept: ModelReply['parts'] = JSON.parse(JSON.stringify(reply.parts));
  await ask(port, { model, messages: [question, answer(reply, kept), result('call_a')] });
  const body = JSON.stringify(server.received[1]?.body);
  for (const one of wanted) expect(body).toContain(one);
});

test.each(providers)(
  '$name: another model gets text and calls, no thoughts',
  async ({ model, create, events, wanted }) => {
    await using server = await providerServer(streams(events));
    const port = create({ apiKey: 'k', baseUrl: server.url });
    const question: TranscriptMessage = { role: 'user', text: 'Look.' };
    const { reply } = await ask(port, { model, messages: [question] });
    const { parts: _, ...bare } = reply;
    await ask(port, { model, messages: [question, answer(bare), result('call_a')] });
    const body = JSON.stringify(server.received[1]?.body);
    for (const one of [...wanted, 'think.']) expect(body).not.toContain(one);
    expect(body).toContain('found');
  },
);
