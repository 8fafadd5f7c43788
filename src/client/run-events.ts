/** Follows a run's events through cuts: every durable event once, in order, until the run is over. */
import type { EventSourceMessage } from 'eventsource-parser';
import type { MessageDelta, MessageSnapshot, RunEventView, StreamEnd, StreamItem } from '../contract/events.ts';
import { followStream } from './event-stream.ts';
import type { ReconnectOptions } from './event-stream.ts';
import type { Http } from './http.ts';

/** `stream.closed` is not among them: the reader comes back by itself. */
export type RunStreamItem = Exclude<StreamItem, { event: 'stream.closed' }>;

export interface FollowOptions extends ReconnectOptions {
  /** Only events with a higher number. @default 0 */
  readonly after?: number | undefined;
}

/** Throws as `followStream` does. */
export function followRun(http: Http, runId: string, options: FollowOptions = {}): AsyncGenerator<RunStreamItem> {
  let lastId = options.after ?? 0;
  return followStream(
    http,
    {
      path: `/v1/runs/${encodeURIComponent(runId)}/events`,
      lastEventId: () => String(lastId),
      itemOf(message) {
        const item = itemOf(message);
        if (item?.event !== 'event') return item;
        if (item.id <= lastId) return undefined;
        lastId = item.id;
        return item;
      },
      isLast: ({ event }) => event === 'stream.end',
    },
    options,
  );
}

function itemOf({ event, id, data }: EventSourceMessage): RunStreamItem | undefined {
  if (id !== undefined && /^\d+$/.test(id)) {
    return { event: 'event', id: Number(id), data: JSON.parse(data) as RunEventView };
  }
  switch (event) {
    case 'message.delta':
    case 'reasoning.delta':
      return { event, data: JSON.parse(data) as MessageDelta };
    case 'message.snapshot':
    case 'reasoning.snapshot':
      return { event, data: JSON.parse(data) as MessageSnapshot };
    case 'stream.end':
      return { event, data: JSON.parse(data) as StreamEnd };
    default:
      // stream.closed, and what newer servers may add.
      return undefined;
  }
}
