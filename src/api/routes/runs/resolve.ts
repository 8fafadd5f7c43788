import { ResolveCall } from '../../../contract/run-commands.ts';
import { RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { problems } from '../../responses.ts';
import { COMMAND_ANSWERS, answerCommand } from '../../runs/answer-command.ts';
import { resolveCall } from '../../runs/resolve-call.ts';
import type { ApiServer } from '../../server-type.ts';

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
        ...COMMAND_ANSWERS,
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
      const { status, answer } = await answerCommand(api, request, reply, resolveCall);
      return reply.code(status).send(answer);
    },
  });
}
