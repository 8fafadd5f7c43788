import { RunDetail, RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import { awaitRun, isAtRest } from '../../runs/await-run.ts';
import { findRun } from '../../runs/find-run.ts';
import { clientGone } from '../../streams/client-gone.ts';
import { preferredWaitSeconds } from '../../streams/accepts.ts';
import type { ApiServer } from '../../server-type.ts';
import { runDetail } from '../../views/run-view.ts';

/** One run. `Prefer: wait=N` holds the answer until the run is over or waits for a person, N seconds at most. */
export function registerGetRun(app: ApiServer, api: Api): void {
  app.get('/v1/runs/:runId', {
    config: { action: 'run.read' },
    schema: {
      operationId: 'getRun',
      tags: ['runs'],
      summary: 'Get a run',
      description:
        'With `Prefer: wait=30` the answer is held until the run is over or waits for a person, 30 seconds at most ' +
        '(60 are allowed), and carries `Preference-Applied`.',
      params: RunParams,
      response: { 200: json('The run', RunDetail), ...problems('run_not_found') },
    },
    handler: async (request, reply) => {
      const run = await findRun(api, request, request.params.runId);
      const seconds = request.method === 'GET' ? preferredWaitSeconds(request.headers.prefer) : undefined;
      reply.header('vary', 'Prefer').header('cache-control', 'no-store');
      if (seconds === undefined) return runDetail(api, run);
      const timeoutMs = Math.min(seconds * 1_000, api.limits.waitMaxMs);
      const settled = await awaitRun(api, run, isAtRest, {
        timeoutMs,
        signal: AbortSignal.any([clientGone(reply), api.closing]),
      });
      reply.header('preference-applied', `wait=${timeoutMs / 1_000}`);
      return runDetail(api, settled);
    },
  });
}
