import { StartRun, StartedRun } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import { awaitEnd } from '../../runs/await-end.ts';
import type { RunStarter, StartOrder } from '../../runs/start-run.ts';
import type { ApiServer } from '../../server-type.ts';
import { prefersEventStream } from '../../streams/accepts.ts';
import type { OpenStreams } from '../../streams/open-streams.ts';
import { followFromBirth } from '../../streams/early-events.ts';
import type { EarlyEvents } from '../../streams/early-events.ts';
import { sendRunStream } from '../../streams/send-run-stream.ts';
import { runPath, startedView } from '../../views/run-view.ts';

/** Starts a run, or finds the one that the same request has started before. Streams it to who asks for a stream. */
export function registerStartRun(app: ApiServer, api: Api, starter: RunStarter, streams: OpenStreams): void {
  app.post('/v1/runs', {
    config: { action: 'run.start' },
    schema: {
      operationId: 'startRun',
      tags: ['runs'],
      summary: 'Start a run',
      description:
        'The same Idempotency-Key and body give the same run. A conversation has one unfinished run at most; with ' +
        '`replace` the new one takes its place. A run of an agent of classic execution is answered once it has ended, ' +
        'with its output; `Prefer: wait=30` shortens the waiting, `Prefer: respond-async` answers at once, and the run ' +
        'goes on whether or not anybody waits. With `Accept: text/event-stream` the answer is the ' +
        "run's event stream, with its id in the header `x-run-id`.",
      headers: CommandHeaders,
      body: StartRun,
      response: {
        201: json('The run is started; Location names it', StartedRun),
        200: json('The run that the same request has started before', StartedRun),
        ...problems(
          'malformed_json',
          'not_yours_to_name',
          'conversation_busy',
          'payload_too_large',
          'unsupported_media_type',
          'unknown_agent',
          'invalid_variables',
          'idempotency_mismatch',
          'too_many_streams',
          'too_many_active_runs',
          'temporal_unavailable',
          'classic_unavailable',
          'text_refused',
          'guard_unavailable',
        ),
      },
    },
    handler: async (request, reply) => {
      const isStream = prefersEventStream(request.headers.accept);
      const { caller } = request;
      if (isStream) streams.assertRoom(caller);
      let early: EarlyEvents | undefined;
      const order: StartOrder = {
        caller,
        request: request.body,
        idempotencyKey: request.headers['idempotency-key'],
        ...(isStream && { onNamed: (runId) => void (early = followFromBirth(api.feed, caller.scope, runId)) }),
      };
      try {
        const { run, isNew, guards } = await starter.start(order);
        const status = isNew ? 201 : 200;
        reply.header('location', runPath(run.runId)).header('x-run-id', run.runId);
        if (!isNew) reply.header('idempotent-replayed', 'true');
        if (!isStream) {
          const answered = run.drivenBy === null ? run : await awaitEnd(api, reply, run, request.raw.headers.prefer);
          return reply.code(status).send(await startedView(api, answered, guards));
        }
        const birth = isNew ? { early } : {};
        if (!isNew) early?.close();
        return sendRunStream(api, streams, request, reply, { run, after: 0, status, ...birth });
      } catch (error) {
        early?.close();
        throw error;
      }
    },
  });
}
