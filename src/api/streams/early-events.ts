/** What happens in a run from before it exists: its stream need not ask the store what it has missed. */
import type { Scope } from '../../domain/schemas/names.ts';
import type { EventFeed, Subscriber, Subscription } from '../../store/feed.ts';

type Reader = Required<Pick<Subscriber, 'onBatch' | 'onLost'>>;

export interface EarlyEvents extends Subscription {
  /** Hands over what has come since, and all that follows. */
  take(reader: Reader): Subscription;
}

/** Call it before the run is created. The first batch is held until somebody takes it; the feed waits meanwhile. */
export function followFromBirth(feed: EventFeed, scope: Scope, runId: string): EarlyEvents {
  const { promise: taken, resolve } = Promise.withResolvers<Reader>();
  const lose = async (error: unknown) => (await taken).onLost(error);
  const subscription = feed.subscribe(scope, runId, {
    after: 0,
    firstRead: 'never',
    onBatch: async (items) => (await taken).onBatch(items),
    onLost: (error) => void lose(error),
  });
  return {
    take(reader) {
      resolve(reader);
      return subscription;
    },
    close: () => subscription.close(),
  };
}
