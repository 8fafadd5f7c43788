/** A run's events as a stream without gap or repetition, from any replica, at any time, also after the run. */
import type { RunEventView } from '../../contract/events.ts';
import { endedBy, isFinished } from '../../domain/core/run-status.ts';
import type { RunStatus } from '../../domain/schemas/run.ts';
import { openMessage } from '../../store/deltas.ts';
import type { Delta } from '../../store/deltas.ts';
import { readEvents } from '../../store/events.ts';
import type { ChainedEvent } from '../../store/events.ts';
import type { FeedItem, Subscription } from '../../store/feed.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Api } from '../dependencies.ts';
import { eventViewGroups } from '../views/event-view.ts';
import type { EarlyEvents } from './early-events.ts';
import { OpenMessages } from './open-message.ts';
import { closedCodeOf } from './read-failure.ts';
import type { SseConnection, SseMessage } from './sse-connection.ts';

/** Events read at once while catching up. */
const CATCH_UP_PAGE = 200;

const STREAM_NAME = { text: 'message', reasoning: 'reasoning' } as const;

const pieceOf = ({ part = 'text', ...data }: Delta): SseMessage => ({ event: `${STREAM_NAME[part]}.delta`, data });

export interface RunStreamOptions {
  /** The run as it was after `after` was checked: what ended it later is among the events to come. */
  readonly run: RunRow;
  readonly after: number;
  /** All that happened in a new run so far, where it was followed from before its first event. */
  readonly early?: EarlyEvents | undefined;
}

/** Sends until the run or the connection has ended. */
export function streamRun(api: Api, connection: SseConnection, options: RunStreamOptions): void {
  const { run, after, early } = options;
  let cursor = after;
  const finish = (status: RunStatus) => connection.finish({ event: 'stream.end', data: { status } });
  const messages = new OpenMessages();
  const isWhole = run.runId === run.rootRunId;
  const isOurs = ({ runId }: { readonly runId: string }) => isWhole || runId === run.runId;

  const snapshotOf = async (runId: string): Promise<SseMessage[]> => {
    const open = await openMessage(api.store, run, runId);
    if (!open) return [];
    const { turn, attempt } = open;
    return (['reasoning', 'text'] as const).flatMap((part): SseMessage[] => {
      const text = open[part] ?? '';
      if (text === '') return [];
      messages.snapshotSent({ runId, turn, attempt, part, text });
      return [{ event: `${STREAM_NAME[part]}.snapshot`, data: { runId, turn, attempt, text } }];
    });
  };

  const messageOf = (view: RunEventView): SseMessage => {
    if (view.type === 'message.completed') messages.completed(view.runId, Number(view.data['turn']));
    return { event: view.type, id: view.seq, data: view };
  };

  const sendEvents = async (events: readonly ChainedEvent[]) => {
    let status: RunStatus | undefined;
    for await (const views of eventViewGroups(api.store, run, events.filter(isOurs))) {
      await connection.send(views.map(messageOf));
      if (connection.closed.aborted) return;
      const last = views.find((view) => view.runId === run.runId && endedBy(view.type));
      status ??= last && endedBy(last.type);
    }
    cursor = events.at(-1)?.seq ?? cursor;
    if (status) finish(status);
  };

  const sendDeltas = async (items: readonly FeedItem[]) => {
    const pieces: SseMessage[] = [];
    for (const item of items) {
      if (item.kind !== 'delta' || !isOurs(item)) continue;
      const { kind: _, ...delta } = item;
      const verdict = messages.take(delta);
      if (verdict.type === 'send') pieces.push(pieceOf(verdict.delta));
      else if (verdict.type === 'gap') pieces.push(...(await snapshotOf(item.runId)));
    }
    await connection.send(pieces);
  };

  const catchUp = async () => {
    for (let more = true; more && !connection.closed.aborted;) {
      const filter = isWhole ? {} : { runId: run.runId };
      const page = await readEvents(api.store, run, run.rootRunId, { after: cursor, limit: CATCH_UP_PAGE, ...filter });
      await sendEvents(page);
      more = page.length === CATCH_UP_PAGE;
    }
  };

  const sendBatch = async (items: readonly FeedItem[]) => {
    await sendEvents(items.flatMap((item) => (item.kind === 'event' ? [item.event] : [])));
    await sendDeltas(items);
  };

  let subscription: Subscription | undefined;
  const follow = async () => {
    if (early) {
      subscription = early.take({ onBatch: sendBatch, onLost: fail });
      if (connection.closed.aborted) subscription.close();
      return;
    }
    await catchUp();
    if (isFinished(run.status)) finish(run.status);
    if (connection.closed.aborted) return;
    // The feed gives all events after the cursor, stored meanwhile or not. Pieces of the open message are listened for
    // before the message so far is read, and delivered after it.
    const { promise: isSnapshotSent, resolve: snapshotSent } = Promise.withResolvers<void>();
    subscription = api.feed.subscribe(run, run.rootRunId, {
      after: cursor,
      onBatch: async (items) => {
        await isSnapshotSent;
        await sendBatch(items);
      },
      onLost: fail,
    });
    await connection.send(await snapshotOf(run.runId));
    snapshotSent();
  };

  const fail = (error: unknown) => {
    api.logger.warn({ err: error, runId: run.runId }, 'stream.read_failed');
    connection.close(closedCodeOf(error));
  };
  const onClosed = () => subscription?.close();
  connection.closed.addEventListener('abort', onClosed, { once: true });
  follow().catch(fail);
}
