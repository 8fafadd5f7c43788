import { CommandedRun, SendMessage } from '../../../contract/run-commands.ts';
import { RunParams } from '../../../contract/runs.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import { findRun } from '../../runs/find-run.ts';
import { sendMessage } from '../../runs/send-message.ts';
import type { ApiServer } from '../../server-type.ts';
import { clientGone } from '../../streams/client-gone.ts';
import { runDetail } from '../../views/run-view.ts';

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
        200: json('The run, and what became of the message', CommandedRun),
        202: json('The message is in the mailbox of the run; no worker answered in time', CommandedRun),
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
      const run = await findRun(api, request, request.params.runId);
      const answer = await sendMessage(api, {
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
