/** Finds out who a request comes from, by whichever credential it brings. */
import type { VerifiedToken } from '../../platform/tokens/token-verifier.ts';
import type { Api } from '../dependencies.ts';
import type { AnyRequest } from '../server-type.ts';
import { ApiKeys } from './api-keys.ts';
import type { Identity } from './identity.ts';
import { assertOwnPage, sessionCookie } from './session-cookie.ts';
import { Sessions } from './sessions.ts';

export class Credentials {
  readonly #api: Api;
  readonly #keys: ApiKeys;
  readonly #sessions: Sessions;

  constructor(api: Api) {
    this.#api = api;
    this.#keys = new ApiKeys(api);
    this.#sessions = new Sessions(api);
    api.feed.onCredential((id) => {
      this.#keys.forget(id);
      this.#sessions.forgetAll();
    });
  }

  /**
   * Undefined where there is no valid credential, for whatever reason. Where `Authorization` brings one, no cookie
   * counts. `isUse`: the request asks for something, and so keeps a session from being idle.
   */
  async identify(request: AnyRequest, nowMs: number, isUse: boolean): Promise<Identity | undefined> {
    const { authorization } = request.headers;
    if (authorization === undefined) return this.#bySession(request, nowMs, isUse);
    const bearer = bearerToken(authorization);
    const key = await this.#keys.identify(bearer, nowMs);
    if (key) return key;
    const token = await this.#api.tokens?.verify(bearer, nowMs);
    return token && identityOfToken(token);
  }

  async #bySession(request: AnyRequest, nowMs: number, isUse: boolean): Promise<Identity | undefined> {
    const identity = await this.#sessions.identify(sessionCookie(this.#api, request), nowMs, isUse);
    if (identity) assertOwnPage(this.#api, request);
    return identity;
  }
}

/** Nobody here has made it, and who has is no principal of ours. */
const identityOfToken = (token: VerifiedToken): Identity => ({ ...token, createdBy: null, makers: [] });

const bearerToken = (header: string | undefined): string => /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? '';
