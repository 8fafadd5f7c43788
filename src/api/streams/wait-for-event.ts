/** Waiting for something to happen in a run, woken by the feed: nothing polls. */
import type { Scope } from '../../domain/schemas/names.ts';
import type { ChainedEvent } from '../../store/events.ts';
import type { EventFeed } from '../../store/feed.ts';
import type { RunRow } from '../../store/run-rows.ts';

export interface EventWait<T> extends Disposable {
  /** Settles with the first match, or undefined once the time is over or the wait was given up. */
  within(timeoutMs: number): Promise<T | undefined>;
}

interface Wanted<T> {
  readonly scope: Scope;
  readonly rootRunId: string;
  /** Events up to this number are known already. */
  readonly after: number;
  /** The row that gave `after` was read just now: look for what came since only where the feed stays silent. */
  readonly isCurrent?: boolean;
  /** What to make of an event; undefined goes on waiting. */
  readonly match: (event: ChainedEvent) => T | undefined;
  /** Gives up when the client has gone. */
  readonly signal?: AbortSignal;
}

/** What a run says from now on, where its row was read just now. */
export const waitForAnswer = <T>(
  feed: EventFeed,
  run: RunRow,
  signal: AbortSignal,
  match: (event: ChainedEvent) => T | undefined,
): EventWait<T> =>
  waitForEvent(feed, {
    scope: run,
    rootRunId: run.rootRunId,
    after: run.eventSeq,
    isCurrent: true,
    signal,
    match: (event) => (event.runId === run.runId ? match(event) : undefined),
  });

/** Listens from now on; what happened between `after` and now is delivered too. Dispose of it when done. */
export function waitForEvent<T>(feed: EventFeed, wanted: Wanted<T>): EventWait<T> {
  const { promise, resolve } = Promise.withResolvers<T | undefined>();
  const giveUp = () => resolve(undefined);
  const subscription = feed.subscribe(wanted.scope, wanted.rootRunId, {
    after: wanted.after,
    firstRead: wanted.isCurrent ? 'if_silent' : 'at_once',
    onBatch: (items) => {
      for (const item of items) {
        const found = item.kind === 'event' ? wanted.match(item.event) : undefined;
        if (found !== undefined) return resolve(found);
      }
    },
    onLost: giveUp,
  });
  wanted.signal?.addEventListener('abort', giveUp, { once: true });
  if (wanted.signal?.aborted) giveUp();
  return {
    within: async (timeoutMs) => {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<undefined>((ended) => {
        timer = setTimeout(() => ended(undefined), Math.max(0, timeoutMs));
      });
      try {
        return await Promise.race([promise, timeout]);
      } finally {
        clearTimeout(timer);
      }
    },
    [Symbol.dispose]: () => {
      subscription.close();
      wanted.signal?.removeEventListener('abort', giveUp);
      giveUp();
    },
  };
}
