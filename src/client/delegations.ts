/** Who stands in for whom, and until when. */
import type { CreateDelegation, Delegation } from '../contract/delegations.ts';
import type { Page } from '../contract/pagination.ts';
import { segment } from './calls.ts';
import type { CallOptions, Calls, CommandOptions, PageQuery } from './calls.ts';

export interface DelegationsClient {
  /** Hands the caller's own part in deciding to somebody else. */
  create(request: CreateDelegation, options?: CommandOptions): Promise<Delegation>;
  list(query?: PageQuery & { readonly active?: boolean }, options?: CallOptions): Promise<Page<Delegation>>;
  end(delegationId: string, options?: CommandOptions): Promise<Delegation>;
}

export const delegationsClient = ({ get, post, remove }: Calls): DelegationsClient => ({
  create: (request, given) => post('/v1/delegations', request, given),
  list: (query, given) => get('/v1/delegations', given, query),
  end: (delegationId, given) => remove(`/v1/delegations/${segment(delegationId)}`, given),
});
