import { ApprovalParams } from '../../../contract/approvals.ts';
import { ExtendApproval, ExtendReceipt, PendingCommand } from '../../../contract/decisions.ts';
import { getApproval } from '../../../store/approvals.ts';
import { extendApproval } from '../../decisions/extend-approval.ts';
import { findApproval } from '../../decisions/find-approval.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { clientGone } from '../../streams/client-gone.ts';
import { approvalDetail } from '../../views/approval-view.ts';

/** Moves the deadline of an approval. */
export function registerExtendApproval(app: ApiServer, api: Api): void {
  app.post('/v1/runs/:runId/approvals/:key/extend', {
    config: { action: 'run.approval.extend' },
    schema: {
      operationId: 'extendApproval',
      tags: ['approvals'],
      summary: 'Give an approval more time',
      description: 'For operators, and for approvers who may decide it. Its digest stays the same.',
      headers: CommandHeaders,
      params: ApprovalParams,
      body: ExtendApproval,
      response: {
        200: json('The deadline is moved', ExtendReceipt),
        202: json('The command is in the mailbox of the run; no worker answered in time', PendingCommand),
        ...problems(
          'malformed_json',
          'not_an_approver',
          'self_approval',
          'service_cannot_decide',
          'channel_not_allowed',
          'approval_not_found',
          'already_decided',
          'superseded',
          'decision_refused',
          'expired',
          'withdrawn',
          'run_over',
          'decision_not_allowed',
          'deadline_not_allowed',
          'temporal_unavailable',
        ),
      },
    },
    handler: async (request, reply) => {
      const { caller, params, body } = request;
      const found = await findApproval(api, request, params);
      const signal = clientGone(reply);
      const { outcome, commandId } = await extendApproval(api, { ...found, caller, request: body, signal });
      const view = await approvalDetail(
        api,
        caller,
        (await getApproval(api.store, found.approval, found.approval.approvalId)) ?? found.approval,
        found.run,
      );
      if (outcome === 'pending')
        return reply.code(202).send({ commandId, outcome, links: { approval: view.links.self } });
      return reply.send({ outcome, approval: view });
    },
  });
}
