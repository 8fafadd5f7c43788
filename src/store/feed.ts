import type { Scope } from '../domain/schemas/names.ts';
import type { Logger } from '../platform/logger.ts';
import { ApprovalFeed } from './approval-feed.ts';
import type { ChainedEvent } from './chain.ts';
import type { Store } from './database.ts';
import { readDeltaText } from './deltas.ts';
import { readEvents } from './events.ts';
import { carriedEvents, FEED_CHANNEL, parseNotice } from './feed-notice.ts';
import { FeedSubscription } from './feed-subscription.ts';
import type { FeedItem, FeedReader } from './feed-subscription.ts';
import { keepListening } from './listen-connection.ts';

export type { FeedItem } from './feed-subscription.ts';

export interface Subscription {
  close(): void;
}

export interface Subscriber {
  /** The last event that the subscriber has: it gets all that follow, stored already or not. */
  readonly after: number;
  /**
   * When to read what was stored before the subscription. `if_silent`: `after` is most likely the last event, so only
   * where no notification comes that would tell. `never`: nothing is stored yet, as of a run that is not started.
   * @default 'at_once'
   */
  readonly firstRead?: 'at_once' | 'if_silent' | 'never';
  /** Awaited before the next batch: a slow subscriber costs no memory. */
  onBatch(items: readonly FeedItem[]): void | Promise<void>;
  /** The subscription is over by an error; never by an outage of PostgreSQL, which is sat out. */
  onLost?(error: unknown): void;
}

/** Tells readers in this process what happens in runs, whichever process wrote it. */
export interface EventFeed {
  subscribe(scope: Scope, rootRunId: string, subscriber: Subscriber): Subscription;
  /** The changes of approvals, project by project. */
  readonly approvals: ApprovalFeed;
  /** Whether notifications arrive. While they do not, nothing is lost: readers get it all after the reconnection. */
  isConnected(): boolean;
  /** Called with each credential that is revoked, rotated or ended; without one where any may have been meanwhile. */
  onCredential(listener: CredentialListener): Subscription;
  close(): Promise<void>;
}

type CredentialListener = (credentialId: string | undefined) => void;

const PAGE_SIZE = 200;

interface Registered {
  readonly scope: Scope;
  readonly subscription: FeedSubscription;
}

/** One LISTEN connection a process, and fan-out in memory. Starts at once, also while PostgreSQL is down. */
export function createEventFeed(options: {
  readonly url: string;
  readonly store: Store;
  readonly logger: Logger;
}): EventFeed {
  const { url, store, logger } = options;
  const byRootRun = new Map<string, Set<Registered>>();
  const readersOf = sharedReads(store);
  const credentialListeners = new Set<CredentialListener>();
  const tellCredential = (credentialId: string | undefined) => {
    for (const listener of [...credentialListeners]) listener(credentialId);
  };
  const approvals = new ApprovalFeed(store);

  const connection = keepListening({
    url,
    channel: FEED_CHANNEL,
    logger,
    onNotification(payload) {
      const notice = parseNotice(payload);
      if (notice === undefined) return;
      if ('c' in notice) return tellCredential(notice.c);
      if ('a' in notice) return approvals.wake({ tenant: notice.t, project: notice.p });
      const readers = [...(byRootRun.get(notice.r) ?? [])].filter(
        ({ scope }) => scope.tenant === notice.t && scope.project === notice.p,
      );
      if (readers.length === 0) return;
      const carried = 's' in notice ? carriedEvents(notice) : undefined;
      for (const { subscription } of readers) {
        if ('s' in notice) subscription.wake(notice.s, carried);
        else subscription.offer(notice.d);
      }
    },
    onConnected() {
      tellCredential(undefined);
      approvals.wakeAll();
      for (const registered of byRootRun.values()) for (const { subscription } of registered) subscription.wake();
    },
  });

  return {
    approvals,
    subscribe(scope, rootRunId, subscriber) {
      const subscription = new FeedSubscription({
        reader: readersOf(scope, rootRunId),
        after: subscriber.after,
        pageSize: PAGE_SIZE,
        onBatch: (items) => subscriber.onBatch(items),
        onLost(error) {
          forget();
          logger.warn({ runId: rootRunId, error }, 'feed.subscription_lost');
          subscriber.onLost?.(error);
        },
      });
      const registered = { scope, subscription };
      const forget = () => {
        const others = byRootRun.get(rootRunId);
        others?.delete(registered);
        if (others?.size === 0) byRootRun.delete(rootRunId);
      };
      byRootRun.set(rootRunId, (byRootRun.get(rootRunId) ?? new Set()).add(registered));
      // Without LISTEN in force nothing is lost either: its return wakes every subscription.
      if (subscriber.firstRead === 'if_silent') subscription.wakeIfSilent();
      else if (subscriber.firstRead !== 'never') subscription.wake();
      return {
        close() {
          forget();
          subscription.close();
        },
      };
    },
    isConnected: () => connection.isConnected(),
    onCredential(listener) {
      credentialListeners.add(listener);
      return { close: () => void credentialListeners.delete(listener) };
    },
    async close() {
      for (const registered of byRootRun.values()) for (const { subscription } of registered) subscription.close();
      byRootRun.clear();
      await connection.close();
    },
  };
}

/** Subscribers that stand at the same place of the same run share one read, as they do after each notification. */
function sharedReads(store: Store): (scope: Scope, rootRunId: string) => FeedReader {
  const underWay = new Map<string, Promise<ChainedEvent[]>>();
  return (scope, rootRunId) => ({
    async readAfter(seq) {
      const key = `${scope.tenant}/${scope.project}/${rootRunId}/${seq}`;
      const earlier = underWay.get(key);
      if (earlier !== undefined) return { events: await earlier, shared: true };
      const reading = readEvents(store, scope, rootRunId, { after: seq, limit: PAGE_SIZE });
      underWay.set(key, reading);
      try {
        return { events: await reading, shared: false };
      } finally {
        underWay.delete(key);
      }
    },
    readText: (delta) => readDeltaText(store, delta),
  });
}
