import type { ChainedEvent } from './chain.ts';
import type { Delta } from './deltas.ts';
import { untilAvailable } from './until-available.ts';

/** What a subscriber gets: durable events in order, each once, and pieces of open messages, which may be missed. */
export type FeedItem = { readonly kind: 'event'; readonly event: ChainedEvent } | ({ readonly kind: 'delta' } & Delta);

export interface FeedReader {
  /** Stored events after a place. `shared`: an answer to a question asked earlier, which may miss the newest. */
  readAfter(seq: number): Promise<{ readonly events: readonly ChainedEvent[]; readonly shared: boolean }>;
  /** The text of a piece that was too long to travel with its notification. */
  readText(delta: Omit<Delta, 'text'>): Promise<string | undefined>;
}

export interface SubscriptionOptions {
  readonly reader: FeedReader;
  /** The last event that the subscriber has. */
  readonly after: number;
  readonly pageSize: number;
  /** Awaited before the next batch: a slow subscriber costs no memory. */
  onBatch(items: readonly FeedItem[]): void | Promise<void>;
  /** The subscription is over by an error of the subscriber's or of the stored data, not by an outage. */
  onLost(error: unknown): void;
}

type PendingDelta = Omit<Delta, 'text'> & { readonly text?: string | undefined };
type EventsNotice = {
  readonly kind: 'events';
  readonly upTo: number;
  /** The last events up to there, where the notification carried them. */
  readonly carried: readonly ChainedEvent[];
};
type Notice = EventsNotice | { readonly kind: 'delta'; readonly delta: PendingDelta };

const MAX_PENDING_DELTAS = 256;
/** Events that wait in memory for a slow subscriber; what is more is read again from the store. */
const MAX_CARRIED_EVENTS = 64;
/** Silence after which a subscriber that seems to have everything asks whether it does. */
const SILENCE_MS = 100;

/**
 * One subscriber's place in a run's stream. A notice says that there are events and may carry them: those that follow
 * the cursor without a gap are delivered as they are, all others are read from the store.
 */
export class FeedSubscription {
  readonly #options: SubscriptionOptions;
  readonly #closing = new AbortController();
  /** The highest turn of each run whose message is complete: late pieces of it are of no use. */
  readonly #completedTurns = new Map<string, number>();
  #notices: Notice[] = [];
  #pendingDeltas = 0;
  #cursor: number;
  #pumping = false;
  #silence: NodeJS.Timeout | undefined;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#cursor = options.after;
  }

  /** There are events up to this place, `carried` being the last of them; without a place, there may be any. */
  wake(upTo = Number.POSITIVE_INFINITY, carried: readonly ChainedEvent[] = []): void {
    clearTimeout(this.#silence);
    const notice: EventsNotice = { kind: 'events', upTo, carried };
    const last = this.#notices.at(-1);
    if (last?.kind === 'events') this.#notices[this.#notices.length - 1] = merged(last, notice);
    else this.#notices.push(notice);
    this.#pump();
  }

  /** Reads what there is, unless a notification comes first: its first event tells whether any was missed. */
  wakeIfSilent(): void {
    this.#silence = setTimeout(() => this.wake(), SILENCE_MS);
    this.#silence.unref();
  }

  offer(delta: PendingDelta): void {
    if (this.#pendingDeltas >= MAX_PENDING_DELTAS) {
      // The subscriber sees the gap by the offset of the next piece, and takes a snapshot.
      const events = this.#notices.filter((notice) => notice.kind === 'events');
      this.#notices = events.length === 0 ? [] : [events.reduce(merged)];
      this.#pendingDeltas = 0;
    }
    this.#notices.push({ kind: 'delta', delta });
    this.#pendingDeltas += 1;
    this.#pump();
  }

  close(): void {
    clearTimeout(this.#silence);
    this.#closing.abort();
    this.#notices = [];
  }

  #pump(): void {
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    void this.#deliverAll();
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #deliverAll(): Promise<void> {
    try {
      for (let notice = this.#notices.shift(); notice !== undefined && !this.#closed; notice = this.#notices.shift()) {
        if (notice.kind === 'events') await this.#deliverEvents(notice);
        else await this.#deliverDeltas(notice.delta);
      }
    } catch (error) {
      if (this.#closed) return;
      this.close();
      this.#options.onLost(error);
    } finally {
      // Here, not in a later tick: a notice that comes in between would find nobody to deliver it.
      this.#pumping = false;
    }
  }

  async #deliverEvents({ upTo, carried }: EventsNotice): Promise<void> {
    const { reader, pageSize } = this.#options;
    const fresh = carried.filter(({ seq }) => seq > this.#cursor);
    if (fresh.every(({ seq }, index) => seq === this.#cursor + 1 + index)) await this.#take(fresh);
    while (this.#cursor < upTo && !this.#closed) {
      const { events, shared } = await untilAvailable(() => reader.readAfter(this.#cursor), this.#closing.signal);
      await this.#take(events);
      if (!shared && events.length < pageSize) return;
    }
  }

  async #take(events: readonly ChainedEvent[]): Promise<void> {
    const last = events.at(-1);
    if (last === undefined) return;
    this.#cursor = last.seq;
    for (const event of events) this.#noteCompleted(event);
    await this.#deliver(events.map((event) => ({ kind: 'event', event })));
  }

  /** The first piece and those that wait right behind it. */
  async #deliverDeltas(first: PendingDelta): Promise<void> {
    const pending = [first];
    for (let next = this.#notices[0]; next?.kind === 'delta'; next = this.#notices[0]) {
      pending.push(next.delta);
      this.#notices.shift();
    }
    this.#pendingDeltas = Math.max(0, this.#pendingDeltas - pending.length);
    const { reader } = this.#options;
    const items: FeedItem[] = [];
    for (const { text, ...delta } of pending) {
      if (delta.turn <= (this.#completedTurns.get(delta.runId) ?? 0)) continue;
      const whole = text ?? (await untilAvailable(() => reader.readText(delta), this.#closing.signal));
      if (whole !== undefined) items.push({ kind: 'delta', ...delta, text: whole });
    }
    if (items.length > 0) await this.#deliver(items);
  }

  #noteCompleted(event: ChainedEvent): void {
    const turn = event.type === 'message.completed' ? event.data['turn'] : undefined;
    if (typeof turn === 'number') this.#completedTurns.set(event.runId, turn);
  }

  async #deliver(items: readonly FeedItem[]): Promise<void> {
    if (!this.#closed) await this.#options.onBatch(items);
  }
}

/** Two notices that wait together are one, which carries what both do where the second goes on from the first. */
function merged(first: EventsNotice, second: EventsNotice): EventsNotice {
  if (second.upTo <= first.upTo) return first;
  const goesOn = first.carried.length > 0 && second.carried[0]?.seq === first.upTo + 1;
  const isRoom = first.carried.length + second.carried.length <= MAX_CARRIED_EVENTS;
  return { ...second, carried: goesOn && isRoom ? [...first.carried, ...second.carried] : [] };
}
