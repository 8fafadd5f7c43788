/** Pre-approvals. */
import type { CreateGrant, Grant } from '../contract/grants.ts';
import type { Page } from '../contract/pagination.ts';
import { segment } from './calls.ts';
import type { CallOptions, Calls, CommandOptions, PageQuery } from './calls.ts';

export interface GrantsQuery extends PageQuery {
  readonly agent?: string | undefined;
  readonly requester?: string | undefined;
  readonly tool?: string | undefined;
  readonly state?: 'proposed' | 'live' | 'revoked' | undefined;
}

export interface GrantsClient {
  list(query?: GrantsQuery, options?: CallOptions): Promise<Page<Grant>>;
  get(grantId: string, options?: CallOptions): Promise<Grant>;
  create(request: CreateGrant, options?: CommandOptions): Promise<Grant>;
  /** From the next call on. */
  revoke(grantId: string, options?: CommandOptions): Promise<Grant>;
}

const grantPath = (grantId: string): string => `/v1/grants/${segment(grantId)}`;

export const grantsClient = ({ get, post, remove }: Calls): GrantsClient => ({
  list: (query, given) => get('/v1/grants', given, query),
  get: (grantId, given) => get(grantPath(grantId), given),
  create: (request, given) => post('/v1/grants', request, given),
  revoke: (grantId, given) => remove(grantPath(grantId), given),
});
