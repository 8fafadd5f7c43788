import { listBrakes } from '../../../store/brakes.ts';
import type { BrakeRow } from '../../../store/brakes.ts';
import type { Api, Caller } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import type { AnyRequest } from '../../server-type.ts';

/** Those of the caller's project and of the whole tenant, newest first. Other projects' are as unknown as none. */
export async function visibleBrakes(
  api: Api,
  { scope }: Caller,
  filter: { readonly active?: boolean } = {},
): Promise<readonly BrakeRow[]> {
  const brakes = await listBrakes(api.store, scope.tenant, filter);
  return brakes.filter(({ project }) => project === null || project === scope.project);
}

export async function findBrake(api: Api, caller: Caller, brakeId: string): Promise<BrakeRow> {
  const brakes = await visibleBrakes(api, caller);
  const brake = brakes.find((one) => one.brakeId === brakeId);
  if (!brake) throw new HttpProblem('brake_not_found');
  return brake;
}

/** What holds for the whole tenant is not one project's to change. */
export function assertReaches({ reach }: AnyRequest, project: string | null): void {
  if (project === null && reach !== 'tenant')
    throw new HttpProblem('forbidden', { detail: 'A brake of the whole tenant is up to administrators.' });
}
