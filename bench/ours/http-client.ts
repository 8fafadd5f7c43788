/** HTTP with kept connections and event streams, as lean as Node has it: the client's cost is in every figure. */
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

export interface StreamMessage {
  readonly event: string;
  readonly data: string;
}

export interface EventStream {
  readonly runId: string;
  close(): void;
}

export interface StreamReader {
  onMessage(message: StreamMessage): void;
  /** The stream is over, in order or not. */
  onClosed(): void;
}

export class HttpClient {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(url: string) {
    this.#url = url;
  }

  async post(path: string, key: string, body: unknown): Promise<HttpAnswer> {
    const response = await this.#send(path, key, 'application/json', body);
    return { status: response.statusCode ?? 0, text: await textOf(response) };
  }

  /** Posts, and follows the event stream that is the answer. */
  async stream(path: string, key: string, body: unknown, reader: StreamReader): Promise<EventStream> {
    const response = await this.#send(path, key, 'text/event-stream', body);
    const runId = response.headers['x-run-id'];
    if (typeof runId !== 'string') throw new Error(`No stream: HTTP ${response.statusCode} ${await textOf(response)}`);
    follow(response, reader);
    return { runId, close: () => response.destroy() };
  }

  /** Follows an event stream that is there already. */
  async follow(path: string, key: string, reader: StreamReader): Promise<{ close(): void }> {
    const response = await this.#send(path, key, 'text/event-stream');
    if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode} ${await textOf(response)}`);
    follow(response, reader);
    return { close: () => response.destroy() };
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Posts a body, and gets where there is none. */
  #send(path: string, key: string, accept: string, body?: unknown): Promise<IncomingMessage> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      accept,
      authorization: `Bearer ${key}`,
      ...(bytes && { 'content-type': 'application/json', 'content-length': bytes.length }),
    };
    return new Promise((resolve, reject) => {
      const method = bytes ? 'POST' : 'GET';
      const request = httpRequest(new URL(path, this.#url), { method, agent: this.#agent, headers });
      request.once('response', resolve);
      request.once('error', reject);
      request.end(bytes);
    });
  }
}

const textOf = async (response: IncomingMessage): Promise<string> => {
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response) text += String(piece);
  return text;
};

/** Our server ends messages with one blank line and writes data on one line: that is all that is understood here. */
function follow(response: IncomingMessage, reader: StreamReader): void {
  let buffered = '';
  response.setEncoding('utf8');
  response.on('data', (piece: string) => {
    const blocks = (buffered + piece).split('\n\n');
    buffered = blocks.pop() ?? '';
    for (const block of blocks) {
      const message = messageIn(block);
      if (message) reader.onMessage(message);
    }
  });
  // A reset connection is closed too, and told as that.
  response.on('error', () => {});
  response.once('close', () => reader.onClosed());
}

function messageIn(block: string): StreamMessage | undefined {
  let event: string | undefined;
  let data = '';
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) event = line.slice('event: '.length);
    else if (line.startsWith('data: ')) data = line.slice('data: '.length);
  }
  return event === undefined ? undefined : { event, data };
}
