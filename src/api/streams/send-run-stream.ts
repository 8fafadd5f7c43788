/** Turns a reply into a run's event stream. */
import type { RunRow } from '../../store/run-rows.ts';
import type { Api } from '../dependencies.ts';
import type { AnyReply, AnyRequest } from '../server-type.ts';
import type { OpenStreams } from './open-streams.ts';
import type { EarlyEvents } from './early-events.ts';
import { streamRun } from './run-stream.ts';
import { watchCaller } from './watch-caller.ts';

export interface SendRunStream {
  readonly run: RunRow;
  readonly after: number;
  readonly early?: EarlyEvents | undefined;
  /** @default 200 */
  readonly status?: number;
}

export function sendRunStream(
  api: Api,
  streams: OpenStreams,
  request: AnyRequest,
  reply: AnyReply,
  { run, after, early, status = 200 }: SendRunStream,
): AnyReply {
  reply.hijack();
  const response = reply.raw;
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) response.setHeader(name, value);
  response.writeHead(status, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    // Tells buffering proxies to pass events on at once.
    'x-accel-buffering': 'no',
    'x-run-id': run.runId,
    // The connection ends with the stream: kept alive, it would hold up the server's shutdown.
    connection: 'close',
  });
  if (request.method === 'HEAD') {
    response.end();
    return reply;
  }
  // Small packets at once: an event is worth nothing while it waits for company.
  response.socket?.setNoDelay(true);
  const stream = streamRun(api, response, { run, after, early });
  const remove = streams.add(request.caller.actor.principal, () => stream.close('server_closing'));
  const unwatch = watchCaller(api, request, (code) => stream.close('access_ended', code));
  const startedMs = performance.now();
  const onEnded = () => {
    remove();
    unwatch();
    // A hijacked reply is not among the completed requests: this is its line.
    request.log.info({ runId: run.runId, durationMs: Math.round(performance.now() - startedMs) }, 'stream.ended');
  };
  void stream.ended.then(onEnded);
  return reply;
}
