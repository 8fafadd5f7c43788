import { isWithinReach } from '../../../domain/authorise.ts';
import { findCredential } from '../../../store/credentials.ts';
import type { Credential } from '../../../store/credentials.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import type { AnyRequest } from '../../server-type.ts';

/**
 * The key, where the caller may see it: their own, or as an administrator one that opens a project of theirs. Others' are
 * as unknown as none. What is delegated to somebody gives them no keys.
 */
export async function findKey(api: Api, { caller, reach }: AnyRequest, keyId: string): Promise<Credential> {
  const key = await findCredential(api.store, keyId);
  const isVisible =
    key?.tenant === caller.scope.tenant &&
    isWithinReach(reach, caller.own.principal, key.principal) &&
    (key.principal === caller.own.principal || key.projects.some((project) => caller.projects.includes(project)));
  if (!key || !isVisible) throw new HttpProblem('key_not_found');
  return key;
}
