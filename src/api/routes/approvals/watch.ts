import { z } from 'zod';
import { ApprovalsPlace, WatchApprovalsQuery } from '../../../contract/approval-changes.ts';
import { parsePlace } from '../../../store/approval-changes.ts';
import type { ApprovalPlace } from '../../../store/approval-changes.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { streamApprovals } from '../../streams/approval-stream.ts';
import { openEventStream } from '../../streams/open-event-stream.ts';
import type { OpenStreams } from '../../streams/open-streams.ts';

const EventStream = z.string().meta({
  description:
    'Server-sent events. `approvals.snapshot` {ApprovalsSnapshot} comes first, unless you come back; then one event a ' +
    'change, named as its type, {ApprovalChange}. `stream.closed {lastEventId, code}` means: come back.',
});

/** The inbox, live. */
export function registerWatchApprovals(app: ApiServer, api: Api, streams: OpenStreams): void {
  app.get('/v1/approvals/stream', {
    config: { action: 'run.approval.read' },
    schema: {
      operationId: 'watchApprovals',
      tags: ['approvals'],
      summary: 'Follow the approvals of all runs',
      description:
        'What is pending, then every change: of approvals and of claims, by whichever replica, within what you may see. ' +
        'Come back with `Last-Event-ID` and nothing is missed; where your place is too old to go on from, a snapshot ' +
        'comes first again. Each change has the approval as it stands, so the last one you have of it is the truth.',
      querystring: WatchApprovalsQuery,
      response: {
        200: { description: 'A snapshot, then changes', content: { 'text/event-stream': { schema: EventStream } } },
        ...problems('too_many_streams'),
      },
    },
    handler: async (request, reply) => {
      const { caller, reach, headers, query } = request;
      const header = String(headers['last-event-id'] ?? '');
      const lastEventId = header === '' ? (query.after ?? '') : header;
      const after = placeOf(lastEventId, header === '' ? '/after' : '/last-event-id');
      streams.assertRoom(caller);
      reply.header('cache-control', 'no-store');
      const connection = openEventStream(api, streams, request, reply, { lastEventId });
      if (connection) streamApprovals(api, connection, { caller, reach, after });
      return reply;
    },
  });
}

/** An empty one is none, as of EventSource at first. */
function placeOf(text: string, pointer: string): ApprovalPlace | undefined {
  if (text === '') return undefined;
  const place = ApprovalsPlace.safeParse(text).success ? parsePlace(text) : undefined;
  if (place) return place;
  const where = pointer === '/after' ? 'query' : 'header';
  const errors = [{ in: where, pointer, detail: 'must be the id of an event of this stream' }];
  throw new HttpProblem('invalid_request', { extras: { errors } });
}
