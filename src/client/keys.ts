/** API keys. */
import type { CreateKey, Key, KeyWithSecret, RotateKey } from '../contract/keys.ts';
import type { Page } from '../contract/pagination.ts';
import { segment } from './calls.ts';
import type { CallOptions, Calls, CommandOptions, PageQuery } from './calls.ts';

export interface KeysQuery extends PageQuery {
  readonly principal?: string | undefined;
  readonly kind?: 'person' | 'service' | undefined;
  readonly state?: 'live' | 'expired' | 'revoked' | undefined;
}

export interface KeysClient {
  list(query?: KeysQuery, options?: CallOptions): Promise<Page<Key>>;
  get(keyId: string, options?: CallOptions): Promise<Key>;
  /** The answer has the whole key, this once. */
  create(request: CreateKey, options?: CommandOptions): Promise<KeyWithSecret>;
  /** The same with its new secret. */
  rotate(keyId: string, request?: RotateKey, options?: CommandOptions): Promise<KeyWithSecret>;
  revoke(keyId: string, options?: CommandOptions): Promise<Key>;
}

const keyPath = (keyId: string): string => `/v1/keys/${segment(keyId)}`;

export const keysClient = ({ get, post }: Calls): KeysClient => ({
  list: (query, given) => get('/v1/keys', given, query),
  get: (keyId, given) => get(keyPath(keyId), given),
  create: (request, given) => post('/v1/keys', request, given),
  rotate: (keyId, request = {}, given) => post(`${keyPath(keyId)}/rotate`, request, given),
  revoke: (keyId, given) => post(`${keyPath(keyId)}/revoke`, {}, given),
});
