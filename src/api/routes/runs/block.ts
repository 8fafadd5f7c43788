import { BlockRun, CommandedRun, RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import { blockRun } from '../../runs/block-run.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';
import { clientGone } from '../../streams/client-gone.ts';
import { runDetail } from '../../views/run-view.ts';

/** Parks a run until somebody unblocks it. */
export function registerBlockRun(app: ApiServer, api: Api): void {
  app.post('/v1/runs/:runId/block', {
    config: { action: 'run.block' },
    schema: {
      operationId: 'blockRun',
      tags: ['runs'],
      summary: 'Block a run',
      description:
        'Nothing new is dispatched until the run is unblocked; calls under way are recorded, decisions are taken. Claims ' +
        'on its approvals are released.',
      headers: CommandHeaders,
      params: RunParams,
      body: BlockRun,
      response: {
        200: json('The run, and what became of the command', CommandedRun),
        202: json('The command is in the mailbox of the run; no worker answered in time', CommandedRun),
        ...problems(
          'malformed_json',
          'run_not_found',
          'command_refused',
          'run_over',
          'payload_too_large',
          'unsupported_media_type',
          'idempotency_mismatch',
          'temporal_unavailable',
        ),
      },
    },
    handler: async (request, reply) => {
      const run = await findRun(api, request, request.params.runId);
      const answer = await blockRun(api, {
        caller: request.caller,
        run,
        request: request.body,
        idempotencyKey: request.headers['idempotency-key'],
        signal: clientGone(reply),
      });
      const { commandId, outcome } = answer;
      const told = { commandId, outcome, guards: [...answer.guards], warnings: [] };
      const status = outcome === 'pending' ? 202 : 200;
      return reply.code(status).send({ ...(await runDetail(api, answer.run)), ...told });
    },
  });
}
