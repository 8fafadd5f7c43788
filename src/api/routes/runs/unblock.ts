import { UnblockRun, CommandedRun, RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import { unblockRun } from '../../runs/block-run.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';
import { clientGone } from '../../streams/client-gone.ts';
import { runDetail } from '../../views/run-view.ts';

/** Lets a blocked run go on. */
export function registerUnblockRun(app: ApiServer, api: Api): void {
  app.post('/v1/runs/:runId/unblock', {
    config: { action: 'run.unblock' },
    schema: {
      operationId: 'unblockRun',
      tags: ['runs'],
      summary: 'Unblock a run',
      description: 'The model reads the note. Parked calls stay parked: each needs `resolve`.',
      headers: CommandHeaders,
      params: RunParams,
      body: UnblockRun.optional(),
      response: {
        200: json('The run, and what became of the command', CommandedRun),
        202: json('The command is in the mailbox of the run; no worker answered in time', CommandedRun),
        ...problems(
          'malformed_json',
          'service_cannot_decide',
          'not_blocked',
          'run_not_found',
          'command_refused',
          'run_over',
          'payload_too_large',
          'unsupported_media_type',
          'idempotency_mismatch',
          'temporal_unavailable',
          'text_refused',
          'guard_unavailable',
        ),
      },
    },
    handler: async (request, reply) => {
      const run = await findRun(api, request, request.params.runId);
      const answer = await unblockRun(api, {
        caller: request.caller,
        run,
        request: request.body ?? {},
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
