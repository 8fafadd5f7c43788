import { ApprovalParams } from '../../../contract/approvals.ts';
import { ClaimApproval, ClaimReceipt } from '../../../contract/decisions.ts';
import { durationSchema } from '../../../domain/policy/duration.ts';
import { CLAIM_DEFAULT_MS, CLAIM_MAX_MS, claimView, takeClaim } from '../../decisions/claims.ts';
import { findApproval } from '../../decisions/find-approval.ts';
import { closedCode, deciderFault } from '../../decisions/may-decide.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { approvalDetail } from '../../views/approval-view.ts';

/** Claims an approval for a while. A claim of one's own is renewed. */
export function registerClaimApproval(app: ApiServer, api: Api): void {
  app.post('/v1/runs/:runId/approvals/:key/claim', {
    config: { action: 'run.approval.claim' },
    schema: {
      operationId: 'claimApproval',
      tags: ['approvals'],
      summary: 'Claim an approval',
      description:
        'Tells others that you are looking at it: until the claim ends, what they decide is refused. Claim again to stay ' +
        'longer. Operators take a claim over with `force`.',
      headers: CommandHeaders,
      params: ApprovalParams,
      body: ClaimApproval.optional(),
      response: {
        200: json('It is yours until the claim ends', ClaimReceipt),
        ...problems(
          'malformed_json',
          'not_an_approver',
          'self_approval',
          'service_cannot_decide',
          'channel_not_allowed',
          'approval_not_found',
          'already_decided',
          'claimed',
          'superseded',
          'expired',
          'withdrawn',
          'decision_not_allowed',
        ),
      },
    },
    handler: async (request) => {
      const { caller, params, body = {} } = request;
      const { approval, run } = await findApproval(api, request, params);
      const fault = deciderFault(caller, approval);
      if (fault) throw new HttpProblem(fault);
      const nowMs = await api.clock.nowMs();
      const closed = closedCode(approval, nowMs);
      if (closed) throw new HttpProblem(closed, { extras: { currentStatus: approval.status } });
      const ttlMs = body.ttl === undefined ? CLAIM_DEFAULT_MS : claimTime(body.ttl);
      const claimed = await takeClaim(api, { caller, approval, force: body.force ?? false, nowMs }, ttlMs);
      const view = await approvalDetail(api, caller, approval, run);
      return { outcome: claimed.outcome, claim: claimView(claimed.claim), approval: view };
    },
  });
}

function claimTime(ttl: string): number {
  const ttlMs = durationSchema.safeParse(ttl).data;
  if (ttlMs !== undefined && ttlMs <= CLAIM_MAX_MS) return ttlMs;
  const errors = [{ in: 'body', pointer: '/ttl', detail: 'must be at most 8h, and more than nothing' }];
  throw new HttpProblem('invalid_request', { extras: { errors } });
}
