import { BatchResult, DecideBatch } from '../../../contract/decisions.ts';
import { decideBatch } from '../../decisions/decide-batch.ts';
import type { VerdictQueries } from '../../decisions/verdict-queries.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { clientGone } from '../../streams/client-gone.ts';

/** Decides up to a hundred approvals, of any runs. Each has an answer of its own. */
export function registerDecideBatch(app: ApiServer, api: Api, queries: VerdictQueries): void {
  app.post('/v1/decisions', {
    config: { action: 'run.question.answer' },
    schema: {
      operationId: 'decideApprovals',
      tags: ['approvals'],
      summary: 'Decide several approvals',
      description:
        'Each item is answered as if it had come alone, with the status and code it would have had: one that is refused ' +
        'takes none of the others along. Several on the same approval are judged in their order.',
      headers: CommandHeaders,
      body: DecideBatch,
      response: {
        200: json('An answer for each, in the order of the request', BatchResult),
        ...problems('malformed_json', 'payload_too_large', 'unsupported_media_type'),
      },
    },
    handler: async (request, reply) => {
      const signal = clientGone(reply);
      const idempotencyKey = request.headers['idempotency-key'];
      const data = await decideBatch(api, queries, { request, items: request.body, idempotencyKey, signal });
      reply.header('cache-control', 'no-store');
      return { data };
    },
  });
}
