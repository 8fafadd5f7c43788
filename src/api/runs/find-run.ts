import { isWithinReach } from '../../domain/authorise.ts';
import { getRun } from '../../store/run-rows.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import type { AnyRequest } from '../server-type.ts';

/** The run, where the caller may see it; others' are as unknown as none. */
export async function findRun(api: Api, request: Pick<AnyRequest, 'caller' | 'reach'>, runId: string): Promise<RunRow> {
  const { scope, actor } = request.caller;
  const run = await getRun(api.store, scope, runId);
  if (!run || !isWithinReach(request.reach, actor.principal, run.requester, run.startedBy))
    throw new HttpProblem('run_not_found');
  return run;
}
