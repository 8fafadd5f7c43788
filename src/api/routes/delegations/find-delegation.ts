import { isWithinReach } from '../../../domain/authorise.ts';
import { getDelegation } from '../../../store/delegations.ts';
import type { DelegationRow } from '../../../store/delegations.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import type { AnyRequest } from '../../server-type.ts';

/** What one has delegated, or is delegated to one, or any of the project for those who may see them. */
export async function findDelegation(
  api: Api,
  { caller, reach }: AnyRequest,
  delegationId: string,
): Promise<DelegationRow> {
  const { principal } = caller.actor;
  const found = await getDelegation(api.store, caller.scope, delegationId);
  const isVisible = found && [found.from, found.to].some((name) => isWithinReach(reach, principal, name));
  if (!found || !isVisible) throw new HttpProblem('delegation_not_found');
  return found;
}
