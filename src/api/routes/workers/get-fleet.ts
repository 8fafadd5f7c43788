import { WorkerFleet } from '../../../contract/workers.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { workerFleetView } from '../../views/worker-fleet.ts';

/** Asked of Temporal each time: for people who look, not for programs that poll. */
export function registerGetFleet(app: ApiServer, api: Api): void {
  app.get('/v1/workers', {
    config: { action: 'worker.read' },
    schema: {
      operationId: 'getWorkerFleet',
      tags: ['workers'],
      summary: 'Show workers, their versions, and runs that nobody carries on',
      description:
        'When a run does not move: whether the version that it is pinned to has a worker, and whether the current one does. Counts are of runs of the project.',
      response: {
        200: json('The worker deployment of this installation', WorkerFleet),
        ...problems('temporal_unavailable'),
      },
    },
    handler: async (request) => workerFleetView(await api.gateway.fleet(request.caller.scope)),
  });
}
