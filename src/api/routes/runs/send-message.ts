import { SendMessage } from '../../../contract/run-commands.ts';
import { RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { problems } from '../../responses.ts';
import { COMMAND_ANSWERS, answerCommand } from '../../runs/answer-command.ts';
import { sendMessage } from '../../runs/send-message.ts';
import type { ApiServer } from '../../server-type.ts';

/** Says something to the model of a run. */
export function registerSendMessage(app: ApiServer, api: Api): void {
  app.post('/v1/runs/:runId/messages', {
    config: { action: 'run.message' },
    schema: {
      operationId: 'sendMessage',
      tags: ['runs'],
      summary: 'Send a message to a run',
      description:
        'The model reads it at its next turn, in the order in which messages came. It decides nothing: approvals stay ' +
        'as they are, and a run that waits for a person or is blocked goes on waiting. Who sends one has put words into ' +
        'the run, and may not decide what it asks for afterwards where a rule wants somebody else.',
      headers: CommandHeaders,
      params: RunParams,
      body: SendMessage,
      response: {
        ...COMMAND_ANSWERS,
        ...problems(
          'malformed_json',
          'service_cannot_decide',
          'too_many_messages',
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
      const { status, answer } = await answerCommand(api, request, reply, sendMessage);
      return reply.code(status).send(answer);
    },
  });
}
