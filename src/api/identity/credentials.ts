/** Finds out who a request comes from, by whichever credential it brings. */
import type { VerifiedToken } from '../../platform/tokens/token-verifier.ts';
import type { Api } from '../dependencies.ts';
import type { AnyRequest } from '../server-type.ts';
import { ApiKeys } from './api-keys.ts';
import type { Identity } from './identity.ts';

export class Credentials {
  readonly #api: Api;
  readonly #keys: ApiKeys;

  constructor(api: Api) {
    this.#api = api;
    this.#keys = new ApiKeys(api);
    api.feed.onCredential((id) => this.#keys.forget(id));
  }

  /** Undefined where there is no valid credential, for whatever reason. */
  async identify(request: AnyRequest, nowMs: number): Promise<Identity | undefined> {
    const bearer = bearerToken(request.headers.authorization);
    const key = await this.#keys.identify(bearer, nowMs);
    if (key) return key;
    const token = await this.#api.tokens?.verify(bearer, nowMs);
    return token && identityOfToken(token);
  }
}

/** Nobody here has made it, and who has is no principal of ours. */
const identityOfToken = (token: VerifiedToken): Identity => ({ ...token, createdBy: null, makers: [] });

const bearerToken = (header: string | undefined): string => /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? '';
