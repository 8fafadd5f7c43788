/** Who a session's cookie speaks for. */
import { LRUCache } from 'lru-cache';
import { isSecretOf } from '../../platform/api-key.ts';
import { parseSessionToken } from '../../platform/session-token.ts';
import { findSession, touchSession } from '../../store/sessions.ts';
import type { SessionRow } from '../../store/sessions.ts';
import type { Api } from '../dependencies.ts';
import type { Identity } from './identity.ts';

/** As for keys: the price of not asking the store on every request. */
const CACHE_TTL_MS = 2_000;
const CACHE_MAX = 10_000;
/** The use of a session is noted so many times while it may be idle. */
const TOUCHES_PER_IDLE = 10;

export class Sessions {
  readonly #api: Api;
  readonly #cache = new LRUCache<string, SessionRow>({ max: CACHE_MAX, ttl: CACHE_TTL_MS });

  constructor(api: Api) {
    this.#api = api;
  }

  /** Undefined for everything but a live session. `isUse`: somebody asks for something, and so is not idle. */
  async identify(cookie: string, nowMs: number, isUse: boolean): Promise<Identity | undefined> {
    const presented = parseSessionToken(cookie);
    const session = presented && (await this.#find(presented.id));
    if (!session || !isSecretOf(session.secretHash, presented.secret) || !this.#isLive(session, nowMs))
      return undefined;
    if (isUse) this.#touch(session, nowMs);
    const { tenant, projects, principal, roles, groups, credentialId, createdBy, makers, expiresAt } = session;
    const rights = { tenant, projects, principal, roles, groups, credentialId, createdBy, makers };
    return { ...rights, kind: 'person', channel: 'inbox', endsAtMs: expiresAt, sessionId: session.id };
  }

  /** From now on the store is asked again. Which sessions a key has begun is not known here. */
  forgetAll(): void {
    this.#cache.clear();
  }

  #isLive({ endedAt, expiresAt, lastUsedAt }: SessionRow, nowMs: number): boolean {
    return endedAt === null && nowMs < expiresAt && nowMs < lastUsedAt + this.#api.limits.sessionIdleMs;
  }

  async #find(id: string): Promise<SessionRow | undefined> {
    const cached = this.#cache.get(id);
    if (cached) return cached;
    const found = await findSession(this.#api.store, id);
    if (found) this.#cache.set(id, found);
    return found;
  }

  #touch(session: SessionRow, nowMs: number): void {
    const { store, logger, limits } = this.#api;
    if (nowMs - session.lastUsedAt < limits.sessionIdleMs / TOUCHES_PER_IDLE) return;
    // Its place in the cache stays as old as it is: being used makes nothing fresher.
    const ttl = this.#cache.getRemainingTTL(session.id) || 1;
    this.#cache.set(session.id, { ...session, lastUsedAt: nowMs }, { ttl });
    touchSession(store, session.id, nowMs).catch((error: unknown) =>
      logger.warn({ err: error }, 'session.touch_failed'),
    );
  }
}
