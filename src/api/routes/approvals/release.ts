import { ApprovalParams } from '../../../contract/approvals.ts';
import { ReleaseClaimQuery, ReleaseReceipt } from '../../../contract/decisions.ts';
import { endClaim } from '../../decisions/claims.ts';
import { findApproval } from '../../decisions/find-approval.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { approvalDetail } from '../../views/approval-view.ts';

/** Gives a claim back before it ends. */
export function registerReleaseApproval(app: ApiServer, api: Api): void {
  app.delete('/v1/runs/:runId/approvals/:key/claim', {
    config: { action: 'run.approval.claim' },
    schema: {
      operationId: 'releaseApproval',
      tags: ['approvals'],
      summary: 'Release a claim',
      description: "Ends your claim; releasing what nobody holds changes nothing. Operators end others' with `force`.",
      params: ApprovalParams,
      querystring: ReleaseClaimQuery,
      response: {
        200: json('Nobody holds it', ReleaseReceipt),
        ...problems('approval_not_found', 'claimed'),
      },
    },
    handler: async (request) => {
      const { caller, params, query } = request;
      const { approval, run } = await findApproval(api, request, params);
      const nowMs = await api.clock.nowMs();
      const outcome = await endClaim(api, { caller, approval, force: query.force ?? false, nowMs });
      return { outcome, approval: await approvalDetail(api, caller, approval, run) };
    },
  });
}
