import { CancelRun, CancelledRun } from '../../../contract/run-commands.ts';
import { RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import { cancelRun } from '../../runs/cancel-run.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';
import { clientGone } from '../../streams/client-gone.ts';
import { runDetail } from '../../views/run-view.ts';

/** Cancels a run. Answers the run either way, and whether it is cancelled. */
export function registerCancelRun(app: ApiServer, api: Api): void {
  app.post('/v1/runs/:runId/cancel', {
    config: { action: 'run.cancel' },
    schema: {
      operationId: 'cancelRun',
      tags: ['runs'],
      summary: 'Cancel a run',
      description: 'Idempotent. Calls that are under way are recorded first; pending approvals are withdrawn.',
      headers: CommandHeaders,
      params: RunParams,
      body: CancelRun.optional(),
      response: {
        200: json('The run, and whether it is cancelled', CancelledRun),
        ...problems(
          'malformed_json',
          'run_not_found',
          'payload_too_large',
          'unsupported_media_type',
          'temporal_unavailable',
        ),
      },
    },
    handler: async (request, reply) => {
      const run = await findRun(api, request, request.params.runId);
      const outcome = await cancelRun(api, {
        caller: request.caller,
        run,
        request: request.body ?? {},
        idempotencyKey: request.headers['idempotency-key'],
        signal: clientGone(reply),
      });
      return { ...(await runDetail(api, outcome.run)), cancelled: outcome.cancelled };
    },
  });
}
