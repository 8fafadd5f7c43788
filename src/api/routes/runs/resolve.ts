import { ResolveCall, CommandedRun, RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import { resolveCall } from '../../runs/resolve-call.ts';
import { findRun } from '../../runs/find-run.ts';
import type { ApiServer } from '../../server-type.ts';
import { clientGone } from '../../streams/client-gone.ts';
import { runDetail } from '../../views/run-view.ts';

/** Says how a parked call goes on. */
export function registerResolveCall(app: ApiServer, api: Api): void {
  app.post('/v1/runs/:runId/resolve', {
    config: { action: 'run.resolve' },
    schema: {
      operationId: 'resolveCall',
      tags: ['runs'],
      summary: 'Resolve a parked call',
      description:
        'Send `epoch` and `digest` of the call as it was shown, and an answer to one attempt is never an answer to ' +
        'another. `retry` runs the tool once more under the same idempotency key, if consent still holds.',
      headers: CommandHeaders,
      params: RunParams,
      body: ResolveCall,
      response: {
        200: json('The run, and what became of the command', CommandedRun),
        202: json('The command is in the mailbox of the run; no worker answered in time', CommandedRun),
        ...problems(
          'malformed_json',
          'service_cannot_decide',
          'not_parked',
          'effect_settled',
          'attempt_changed',
          'resolution_not_allowed',
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
      const answer = await resolveCall(api, {
        caller: request.caller,
        run,
        request: request.body,
        idempotencyKey: request.headers['idempotency-key'],
        signal: clientGone(reply),
      });
      const { commandId, outcome, warnings } = answer;
      const told = { commandId, outcome, guards: [...answer.guards], warnings };
      const status = outcome === 'pending' ? 202 : 200;
      return reply.code(status).send({ ...(await runDetail(api, answer.run)), ...told });
    },
  });
}
