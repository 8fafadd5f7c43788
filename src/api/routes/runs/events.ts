import { EventPage, LastEventId, ListEventsQuery } from '../../../contract/events.ts';
import { PAGE_LIMIT_MAX } from '../../../contract/pagination.ts';
import { RunParams } from '../../../contract/runs.ts';
import { readEvents } from '../../../store/events.ts';
import type { RunRow } from '../../../store/run-rows.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { problems } from '../../responses.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';
import { prefersEventStream } from '../../streams/accepts.ts';
import type { OpenStreams } from '../../streams/open-streams.ts';
import { sendRunStream } from '../../streams/send-run-stream.ts';
import { eventViews } from '../../views/event-view.ts';
import { z } from 'zod';

const EventStream = z.string().meta({
  description:
    'Server-sent events. Durable ones have `id: <seq>` and a RunEvent as data; `message.delta`, `reasoning.delta` and ' +
    'the snapshots `message.snapshot`, `reasoning.snapshot` have none; `stream.end {status}` comes last, `stream.closed {lastEventId, code}` means: come back.',
});

/** The events of a run: a stream to who asks for one, pages of JSON to everybody else. */
export function registerRunEvents(app: ApiServer, api: Api, streams: OpenStreams): void {
  app.get('/v1/runs/:runId/events', {
    config: { action: 'run.read' },
    schema: {
      operationId: 'readRunEvents',
      tags: ['runs'],
      summary: 'Read or follow the events of a run',
      description:
        'With `Accept: text/event-stream` a stream that ends with the run; come back with `Last-Event-ID` and nothing ' +
        'is lost or repeated. Otherwise pages of JSON: pass `nextCursor` on as `after`.',
      params: RunParams,
      querystring: ListEventsQuery,
      response: {
        200: {
          description: 'Events in order',
          content: { 'application/json': { schema: EventPage }, 'text/event-stream': { schema: EventStream } },
        },
        ...problems('after_beyond_end', 'run_not_found', 'too_many_streams'),
      },
    },
    handler: async (request, reply) => {
      const run = await findRun(api, request, request.params.runId);
      const after = lastEventId(request.headers['last-event-id']) ?? request.query.after ?? 0;
      if (after > run.eventSeq) throw new HttpProblem('after_beyond_end', { extras: { eventSeq: run.eventSeq } });
      reply.header('vary', 'Accept').header('cache-control', 'no-store');
      if (prefersEventStream(request.headers.accept)) {
        streams.assertRoom(request.caller);
        return sendRunStream(api, streams, request, reply, { run, after });
      }
      return reply.send(await eventPage(api, run, after, request.query.limit ?? PAGE_LIMIT_MAX));
    },
  });
}

function lastEventId(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  const parsed = LastEventId.safeParse(header);
  if (parsed.success) return parsed.data;
  const errors = [{ in: 'header', pointer: '/last-event-id', detail: 'must be the id of an event: a whole number' }];
  throw new HttpProblem('invalid_request', { extras: { errors } });
}

async function eventPage(api: Api, run: RunRow, after: number, limit: number) {
  const filter = run.runId === run.rootRunId ? {} : { runId: run.runId };
  const events = await readEvents(api.store, run, run.rootRunId, { after, limit: limit + 1, ...filter });
  const page = events.slice(0, limit);
  const data = [...(await eventViews(api.store, run, page))];
  return { data, nextCursor: events.length > limit ? String(page.at(-1)?.seq) : null };
}
