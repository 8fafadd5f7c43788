import { UnblockRun } from '../../../contract/run-commands.ts';
import { RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { problems } from '../../responses.ts';
import { COMMAND_ANSWERS, answerCommand } from '../../runs/answer-command.ts';
import { unblockRun } from '../../runs/block-run.ts';
import type { ApiServer } from '../../server-type.ts';

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
        ...COMMAND_ANSWERS,
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
      const { caller, reach, params, headers, body = {} } = request;
      const { status, answer } = await answerCommand(api, { caller, reach, params, headers, body }, reply, unblockRun);
      return reply.code(status).send(answer);
    },
  });
}
