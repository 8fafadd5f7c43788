// An event stream that behaves as the API's does, and breaks off after any number of bytes.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Frame =
  | { readonly type: 'event'; readonly seq: number; readonly data: object }
  | { readonly type: 'delta'; readonly turn: number; readonly offset: number; readonly text: string };

export interface CuttingServer extends AsyncDisposable {
  readonly url: string;
  /** How often a reader has come. */
  readonly connections: number;
}

export const RUN_ID = `run_${'a'.repeat(26)}`;

/** `cuts`: after how many bytes each connection breaks; those that follow are whole. */
export async function cuttingServer(frames: readonly Frame[], cuts: readonly number[]): Promise<CuttingServer> {
  const served = { connections: 0, live: 0 };
  const server = createServer((request, response) => {
    const cut = cuts[served.connections] ?? Number.POSITIVE_INFINITY;
    served.connections += 1;
    const { bytes, live } = streamFor(request, frames, served.live, cut);
    served.live = live;
    send(response, bytes, cut);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return served.connections;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Stored events after the last one seen, the open message so far, then what happens while the reader is there. */
function streamFor(request: IncomingMessage, frames: readonly Frame[], live: number, cut: number) {
  const lastId = Number(request.headers['last-event-id']);
  const past = frames.slice(0, live);
  const stored = past.filter((frame) => frame.type === 'event' && frame.seq > lastId).map(textOf);
  const open = openMessage(past);
  let bytes = Buffer.from(
    `retry: 10\n\n: keep-alive\n\n${stored.join('')}${open === undefined ? '' : snapshotOf(open)}`,
  );
  let position = live;
  for (; position < frames.length && bytes.length < cut; position += 1) {
    bytes = Buffer.concat([bytes, Buffer.from(textOf(frames[position] as Frame))]);
  }
  const end = position === frames.length ? 'event: stream.end\ndata: {"status":"completed"}\n\n' : '';
  return { bytes: Buffer.concat([bytes, Buffer.from(end)]), live: position };
}

function send(response: ServerResponse, bytes: Buffer, cut: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  if (cut >= bytes.length) {
    response.end(bytes);
    return;
  }
  // Broken off, not ended: what was sent arrives, and nothing after it.
  response.write(bytes.subarray(0, cut), () => response.destroy());
}

const textOf = (frame: Frame): string =>
  frame.type === 'event'
    ? `id: ${frame.seq}\nevent: ${(frame.data as { type: string }).type}\ndata: ${JSON.stringify(frame.data)}\n\n`
    : `event: message.delta\ndata: ${JSON.stringify({ runId: RUN_ID, attempt: 1, ...frame, type: undefined })}\n\n`;

interface Open {
  readonly turn: number;
  readonly text: string;
}

function openMessage(past: readonly Frame[]): Open | undefined {
  const since = past.slice(past.findLastIndex(({ type }) => type === 'event') + 1);
  const pieces = since.flatMap((frame) => (frame.type === 'delta' ? [frame] : []));
  const [first] = pieces;
  return first && { turn: first.turn, text: pieces.map(({ text }) => text).join('') };
}

const snapshotOf = ({ turn, text }: Open): string =>
  `event: message.snapshot\ndata: ${JSON.stringify({ runId: RUN_ID, turn, attempt: 1, text })}\n\n`;
