import { isWithinReach } from '../../../domain/authorise.ts';
import { getGrant } from '../../../store/grants.ts';
import type { GrantRow } from '../../../store/grants.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import type { AnyRequest } from '../../server-type.ts';

/** The grant, where the caller may see it; others' are as unknown as none. */
export async function findGrant(api: Api, { caller, reach }: AnyRequest, grantId: string): Promise<GrantRow> {
  const grant = await getGrant(api.store, caller.scope, grantId);
  if (!grant || !isWithinReach(reach, caller.actor.principal, grant.requester))
    throw new HttpProblem('grant_not_found');
  return grant;
}
