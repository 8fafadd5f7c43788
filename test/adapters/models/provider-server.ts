// Small servers that speak what providers speak, over real HTTP. Each answers from a list, one answer a request.
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

export type Answer = (response: ServerResponse) => void;

export interface ProviderServer extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly ReceivedRequest[];
}

export async function providerServer(...answers: readonly Answer[]): Promise<ProviderServer> {
  const received: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body: Record<string, unknown> = JSON.parse(Buffer.concat(parts).toString('utf8') || '{}');
      const answer = answers[Math.min(received.length, answers.length - 1)];
      received.push({ path: request.url ?? '', headers: request.headers, body });
      answer?.(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const answersError =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

/** Server-sent events; `cut` destroys the connection instead of ending it well, `open` leaves it open. */
export const streams =
  (events: readonly string[], end: 'end' | 'cut' | 'open' = 'end'): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(events.join(''), () => {
      if (end === 'end') response.end();
      // After the client has had a chance to read what was written.
      else if (end === 'cut') setImmediate(() => response.destroy());
    });
  };

/** The same in pieces of so many bytes, each in a write of its own: events and characters are cut anywhere. */
export const trickles =
  (events: readonly string[], bytes: number): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const all = Buffer.from(events.join(''));
    const send = (at: number): void => {
      if (at >= all.length) response.end();
      else response.write(all.subarray(at, at + bytes), () => setImmediate(send, at + bytes));
    };
    send(0);
  };

export interface Turn {
  readonly texts: readonly string[];
  readonly calls: readonly { readonly id: string; readonly tool: string; readonly pieces: readonly string[] }[];
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: { readonly type: string }): string => `event: ${value.type}\n${data(value)}`;

/** Chat completions, as OpenAI and all that imitate it send them. */
export function chatEvents(turn: Turn): string[] {
  const chunk = (delta: object, finishReason: string | null = null): string =>
    data({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason: finishReason }],
    });
  return [
    chunk({ role: 'assistant', content: '' }),
    ...turn.texts.map((content) => chunk({ content })),
    ...turn.calls.flatMap((call, index) => [
      chunk({
        tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.tool, arguments: '' } }],
      }),
      ...call.pieces.map((piece) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ]),
    chunk({}, turn.calls.length > 0 ? 'tool_calls' : 'stop'),
    data({
      id: 'chatcmpl-1',
      created: 1,
      model: 'm',
      choices: [],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    }),
    'data: [DONE]\n\n',
  ];
}

/** OpenAI's Responses API. */
export function responsesEvents(turn: Turn): string[] {
  const texts =
    turn.texts.length === 0
      ? []
      : [
          { type: 'response.output_item.added', output_index: 0, item: { type: 'message', id: 'msg_1' } },
          ...turn.texts.map((delta) => ({
            type: 'response.output_text.delta',
            item_id: 'msg_1',
            output_index: 0,
            delta,
          })),
          { type: 'response.output_item.done', output_index: 0, item: { type: 'message', id: 'msg_1' } },
        ];
  const calls = turn.calls.flatMap((call, index) => {
    const item = { type: 'function_call', id: `fc_${index}`, call_id: call.id, name: call.tool };
    const output_index = index + 1;
    return [
      { type: 'response.output_item.added', output_index, item: { ...item, arguments: '', status: 'in_progress' } },
      ...call.pieces.map((delta) => ({
        type: 'response.function_call_arguments.delta',
        item_id: item.id,
        output_index,
        delta,
      })),
      {
        type: 'response.output_item.done',
        output_index,
        item: { ...item, arguments: call.pieces.join(''), status: 'completed' },
      },
    ];
  });
  return [
    { type: 'response.created', response: { id: 'resp_1', created_at: 1, model: 'm' } },
    ...texts,
    ...calls,
    { type: 'response.completed', response: { usage: { input_tokens: 11, output_tokens: 7 } } },
  ].map(named);
}

/** Anthropic's Messages API. */
export function anthropicEvents(turn: Turn): string[] {
  const blocks = [
    ...(turn.texts.length === 0
      ? []
      : [
          {
            start: { type: 'text', text: '' },
            deltas: turn.texts.map((text): object => ({ type: 'text_delta', text })),
          },
        ]),
    ...turn.calls.map((call) => ({
      start: { type: 'tool_use', id: call.id, name: call.tool, input: {} },
      deltas: call.pieces.map((partial_json): object => ({ type: 'input_json_delta', partial_json })),
    })),
  ];
  return [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 11, output_tokens: 1 },
      },
    },
    ...blocks.flatMap(({ start, deltas }, index) => [
      { type: 'content_block_start', index, content_block: start },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]),
    {
      type: 'message_delta',
      delta: { stop_reason: turn.calls.length > 0 ? 'tool_use' : 'end_turn', stop_sequence: null },
      usage: { output_tokens: 7 },
    },
    { type: 'message_stop' },
  ].map(named);
}

/** Gemini's `streamGenerateContent` as server-sent events. Arguments are JSON within JSON, whole in one event. */
export function googleEvents(turn: Turn): string[] {
  const event = (parts: readonly object[], more: object = {}): string =>
    data({ candidates: [{ content: { role: 'model', parts }, index: 0, ...more }], responseId: 'r_1' });
  return [
    ...turn.texts.map((text) => event([{ text }])),
    ...turn.calls.map((call) =>
      event([{ functionCall: { id: call.id, name: call.tool, args: JSON.parse(call.pieces.join('')) } }]),
    ),
    data({
      candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 },
    }),
  ];
}
