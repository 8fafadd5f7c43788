import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Approval, ApprovalParams } from '../../../contract/approvals.ts';
import { findApproval } from '../../decisions/find-approval.ts';
import { tellShown } from '../../decisions/show-approval.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { approvalDetail } from '../../views/approval-view.ts';

/** One approval with everything that a person must see to consent. */
export function registerGetApproval(app: ApiServer, api: Api): void {
  app.get('/v1/runs/:runId/approvals/:key', {
    config: { action: 'run.approval.read' },
    schema: {
      operationId: 'getApproval',
      tags: ['approvals'],
      summary: 'Get an approval',
      description:
        'Carries an `ETag`; `If-None-Match` is answered 304 while nothing has changed. That somebody who may decide it ' +
        'was shown it is recorded, once a person and revision.',
      params: ApprovalParams,
      response: {
        200: json('The approval, arguments whole', Approval),
        304: z.undefined().meta({ description: 'Nothing has changed' }),
        ...problems('approval_not_found'),
      },
    },
    handler: async (request, reply) => {
      const { approval, run } = await findApproval(api, request, request.params);
      const view = await approvalDetail(api, request.caller, approval, run);
      // Before the answer: who has it was shown it, and the log says so.
      if (view.viewer.canDecide && 'arguments' in view) await tellShown(api, request.caller, approval);
      const etag = `"${createHash('sha256').update(JSON.stringify(view)).digest('base64url').slice(0, 22)}"`;
      reply.header('etag', etag).header('cache-control', 'private, no-cache').header('vary', 'Authorization');
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.send(view);
    },
  });
}
