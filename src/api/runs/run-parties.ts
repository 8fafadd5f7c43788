/** For whom a run is started, and who stands behind it. */
import type { StartRun } from '../../contract/runs.ts';
import { reachOf } from '../../domain/authorise.ts';
import type { Requester } from '../../domain/schemas/actor.ts';
import type { Caller } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import { handsOf } from '../identity/identity.ts';

export interface RunParties {
  readonly requester: Requester;
  /** The service that names the requester; null where the caller is the requester. */
  readonly startedBy: string | null;
  /** Everybody beside the requester who could have started it so: they count as requester, too. */
  readonly contributors: string[];
}

export function partiesOf(caller: Caller, request: StartRun): RunParties {
  const { principal, groups, kind } = caller.own;
  const named = request.requester;
  if (named && (kind !== 'service' || !reachOf(caller.roles, 'run.start_for'))) {
    throw new HttpProblem('not_yours_to_name');
  }
  const requester = named ? { principal: named.principal, groups: [...new Set(named.groups)] } : { principal, groups };
  return {
    requester,
    startedBy: requester.principal === principal ? null : principal,
    contributors: handsOf(caller.own).filter((name) => name !== requester.principal),
  };
}
