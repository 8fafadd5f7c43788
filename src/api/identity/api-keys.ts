/** Who an API key speaks for. Keys are kept for a moment, so that not every request asks the store. */
import { LRUCache } from 'lru-cache';
import { isSecretOf, parseApiKey } from '../../platform/api-key.ts';
import { findCredential, touchCredential } from '../../store/credentials.ts';
import type { Credential } from '../../store/credentials.ts';
import type { Api } from '../dependencies.ts';
import { identityOfKey } from './identity.ts';
import type { Identity } from './identity.ts';

/**
 * What ends a key is told to every replica at once; one that does not hear of it refuses the key at the latest after
 * this: the price of not asking the store on every request.
 */
const CACHE_TTL_MS = 2_000;
const CACHE_MAX = 10_000;
/** `lastUsedAt` is for people who tidy up: once a minute is often enough. */
const TOUCH_EVERY_MS = 60_000;

type KeyApi = Pick<Api, 'store' | 'logger'>;

export class ApiKeys {
  readonly #api: KeyApi;
  readonly #cache = new LRUCache<string, Credential>({ max: CACHE_MAX, ttl: CACHE_TTL_MS });

  constructor(api: KeyApi) {
    this.#api = api;
  }

  /** Undefined for everything but a live key: nothing is told to who only guesses. */
  async identify(text: string, nowMs: number): Promise<Identity | undefined> {
    const presented = parseApiKey(text);
    const key = presented && (await this.#find(presented.id));
    if (!key || !isLive(key, nowMs)) return undefined;
    const isCurrent = isSecretOf(key.secretHash, presented.secret);
    if (!isCurrent && !isPrevious(key, presented.secret, nowMs)) return undefined;
    this.#touch(key, nowMs);
    const identity = identityOfKey(key);
    return isCurrent ? identity : { ...identity, endsAtMs: earlier(identity.endsAtMs, key.previousUntil) };
  }

  /** From now on the store is asked again: for this key, or for all. */
  forget(id: string | undefined): void {
    if (id === undefined) this.#cache.clear();
    else this.#cache.delete(id);
  }

  async #find(id: string): Promise<Credential | undefined> {
    const cached = this.#cache.get(id);
    if (cached) return cached;
    const found = await findCredential(this.#api.store, id);
    if (found) this.#cache.set(id, found);
    return found;
  }

  #touch(key: Credential, nowMs: number): void {
    const { store, logger } = this.#api;
    if (nowMs - (key.lastUsedAt ?? 0) < TOUCH_EVERY_MS) return;
    // Its place in the cache stays as old as it is: being used makes nothing fresher.
    this.#cache.set(key.id, { ...key, lastUsedAt: nowMs }, { ttl: this.#cache.getRemainingTTL(key.id) || 1 });
    touchCredential(store, key.id, nowMs).catch((error: unknown) =>
      logger.warn({ err: error }, 'credential.touch_failed'),
    );
  }
}

const isLive = ({ revokedAt, expiresAt }: Credential, nowMs: number): boolean =>
  revokedAt === null && (expiresAt === null || nowMs < expiresAt);

/** The secret before the last rotation counts as long as the rotation lets it. */
const isPrevious = ({ previousHash, previousUntil }: Credential, secret: string, nowMs: number): boolean =>
  previousHash !== null && previousUntil !== null && nowMs < previousUntil && isSecretOf(previousHash, secret);

const earlier = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);
