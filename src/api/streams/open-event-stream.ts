/** Turns a reply into an event stream. */
import type { Api } from '../dependencies.ts';
import type { AnyReply, AnyRequest } from '../server-type.ts';
import type { OpenStreams } from './open-streams.ts';
import { sseConnection } from './sse-connection.ts';
import type { SseConnection } from './sse-connection.ts';
import { watchCaller } from './watch-caller.ts';

export interface EventStreamHead {
  /** @default 200 */
  readonly status?: number;
  /** What the reader came with. */
  readonly lastEventId: string;
  /** Ids for the log line at its end. */
  readonly about?: Readonly<Record<string, string>>;
}

/** Undefined where only the head was asked for: it is sent. The stream is closed with the server, and with its reader's rights. */
export function openEventStream(
  api: Api,
  streams: OpenStreams,
  request: AnyRequest,
  reply: AnyReply,
  { status = 200, lastEventId, about = {} }: EventStreamHead,
): SseConnection | undefined {
  reply.hijack();
  const response = reply.raw;
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) response.setHeader(name, value);
  response.writeHead(status, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    // Tells buffering proxies to pass events on at once.
    'x-accel-buffering': 'no',
    // The connection ends with the stream: kept alive, it would hold up the server's shutdown.
    connection: 'close',
  });
  if (request.method === 'HEAD') {
    response.end();
    return undefined;
  }
  // Small packets at once: an event is worth nothing while it waits for company.
  response.socket?.setNoDelay(true);
  const { heartbeatMs, streamStallMs: stallMs } = api.limits;
  const connection = sseConnection(response, { lastEventId, heartbeatMs, stallMs });
  const remove = streams.add({ caller: request.caller, close: connection.close });
  const unwatch = watchCaller(api, request, (problem) => connection.close('access_ended', problem));
  const startedMs = performance.now();
  const onEnded = () => {
    remove();
    unwatch();
    // A hijacked reply is not among the completed requests: this is its line.
    request.log.info({ ...about, durationMs: Math.round(performance.now() - startedMs) }, 'stream.send_ended');
  };
  connection.closed.addEventListener('abort', onEnded, { once: true });
  return connection;
}
