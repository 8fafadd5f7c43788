/** Answers with a run's event stream. */
import type { Api } from '../dependencies.ts';
import type { AnyReply, AnyRequest } from '../server-type.ts';
import { openEventStream } from './open-event-stream.ts';
import type { OpenStreams } from './open-streams.ts';
import { streamRun } from './run-stream.ts';
import type { RunStreamOptions } from './run-stream.ts';

export interface SendRunStream extends RunStreamOptions {
  /** @default 200 */
  readonly status?: number;
}

export function sendRunStream(
  api: Api,
  streams: OpenStreams,
  request: AnyRequest,
  reply: AnyReply,
  { status = 200, ...options }: SendRunStream,
): AnyReply {
  const { runId } = options.run;
  reply.header('x-run-id', runId);
  const head = { status, lastEventId: String(options.after), about: { runId } };
  const connection = openEventStream(api, streams, request, reply, head);
  if (connection) streamRun(api, connection, options);
  else options.early?.close();
  return reply;
}
