// A store with a feed that listens, and what a test has subscribed to.
import { openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';
import { createEventFeed } from '../../src/store/feed.ts';
import type { EventFeed, FeedItem } from '../../src/store/feed.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';
import { scope, silentLogger } from './fixtures.ts';

export interface FeedWorld extends AsyncDisposable {
  readonly url: string;
  readonly store: Store;
  readonly feed: EventFeed;
}

export async function openFeedWorld(): Promise<FeedWorld> {
  const database = await createTestDatabase();
  const store = openStore({ url: database.url });
  const feed = createEventFeed({ url: database.url, store, logger: silentLogger });
  await waitFor('the feed to listen', () => feed.isConnected());
  const close = async () => {
    await feed.close();
    await store.close();
    await database.drop();
  };
  return { url: database.url, store, feed, [Symbol.asyncDispose]: close };
}

/** Subscribes and collects what comes. */
export function watchFeed(feed: EventFeed, run: RunRow, after = 0, watched = scope) {
  const items: FeedItem[] = [];
  const lost: unknown[] = [];
  const subscription = feed.subscribe(watched, run.rootRunId, {
    after,
    onBatch: (batch) => void items.push(...batch),
    onLost: (error) => lost.push(error),
  });
  const events = () => items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
  const seqs = () => events().map(({ seq }) => seq);
  const texts = () => items.flatMap((item) => (item.kind === 'delta' ? [item.text] : []));
  const reaches = (last: number) => waitFor(`event ${last}`, () => seqs().at(-1) === last);
  return { items, lost, events, seqs, texts, reaches, subscription };
}
