import { BlockRun } from '../../../contract/run-commands.ts';
import { RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { problems } from '../../responses.ts';
import { COMMAND_ANSWERS, answerCommand } from '../../runs/answer-command.ts';
import { blockRun } from '../../runs/block-run.ts';
import type { ApiServer } from '../../server-type.ts';

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
        ...COMMAND_ANSWERS,
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
      const { status, answer } = await answerCommand(api, request, reply, blockRun);
      return reply.code(status).send(answer);
    },
  });
}
