/** Wakes those who follow the approvals of a project, and lets all who stand at the same place share one read. */
import type { Scope } from '../domain/schemas/names.ts';
import { forgetOldApprovalChanges, readApprovalChanges } from './approval-changes.ts';
import type { ApprovalChanges, ApprovalPlace } from './approval-changes.ts';
import type { Store } from './database.ts';

/** More changes at once than this are not told one by one: whoever is so far behind begins anew. */
const MAX_CHANGES = 1_000;
/** Each replica removes old changes no more often than this. */
const TIDY_EVERY_MS = 3_600_000;

export interface ApprovalReader extends Disposable {
  /** What follows a place, at least up to now. Undefined where it cannot be told: begin anew with what there is. */
  read(after: ApprovalPlace): Promise<ApprovalChanges | undefined>;
  /** Settles once there may be more than the last read gave. */
  changed(signal: AbortSignal): Promise<void>;
}

interface Channel {
  readers: number;
  /** How often it was woken: a read that began after the last time has all there is. */
  wakes: number;
  woken: PromiseWithResolvers<void>;
  readonly reads: Map<string, Promise<ApprovalChanges | undefined>>;
}

const nameOf = ({ tenant, project }: Scope): string => `${tenant}/${project}`;

export class ApprovalFeed {
  readonly #store: Store;
  readonly #channels = new Map<string, Channel>();
  #tidiedAtMs = Number.NEGATIVE_INFINITY;

  constructor(store: Store) {
    this.#store = store;
  }

  wake(scope: Scope): void {
    const channel = this.#channels.get(nameOf(scope));
    if (channel) wakeUp(channel);
  }

  /** Notifications may have been missed. */
  wakeAll(): void {
    for (const channel of this.#channels.values()) wakeUp(channel);
  }

  open(scope: Scope): ApprovalReader {
    this.#tidy();
    const name = nameOf(scope);
    const channel = this.#channels.get(name) ?? emptyChannel();
    this.#channels.set(name, channel);
    channel.readers += 1;
    let seen = channel.wakes;
    return {
      read: (after) => {
        seen = channel.wakes;
        return this.#share(scope, channel, after);
      },
      changed: async (signal) => {
        if (channel.wakes > seen || signal.aborted) return;
        const { promise: aborted, resolve } = Promise.withResolvers<void>();
        const abort = () => resolve();
        signal.addEventListener('abort', abort, { once: true });
        await Promise.race([channel.woken.promise, aborted]);
        signal.removeEventListener('abort', abort);
      },
      [Symbol.dispose]: () => {
        channel.readers -= 1;
        if (channel.readers === 0) this.#channels.delete(name);
      },
    };
  }

  #tidy(): void {
    const nowMs = performance.now();
    if (nowMs - this.#tidiedAtMs < TIDY_EVERY_MS) return;
    this.#tidiedAtMs = nowMs;
    // It can wait for the next time.
    forgetOldApprovalChanges(this.#store).catch(() => {});
  }

  async #share(scope: Scope, channel: Channel, after: ApprovalPlace): Promise<ApprovalChanges | undefined> {
    const key = `${channel.wakes} ${after.generation} ${after.snapshot}`;
    const earlier = channel.reads.get(key);
    if (earlier) return earlier;
    const reading = readApprovalChanges(this.#store, scope, after, MAX_CHANGES);
    channel.reads.set(key, reading);
    try {
      return await reading;
    } finally {
      channel.reads.delete(key);
    }
  }
}

const emptyChannel = (): Channel => ({
  readers: 0,
  wakes: 0,
  woken: Promise.withResolvers<void>(),
  reads: new Map(),
});

function wakeUp(channel: Channel): void {
  channel.wakes += 1;
  channel.woken.resolve();
  channel.woken = Promise.withResolvers<void>();
}
