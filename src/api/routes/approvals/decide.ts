import { ApprovalParams } from '../../../contract/approvals.ts';
import { DecideApproval, DecisionReceipt, PendingDecision } from '../../../contract/decisions.ts';
import { getApproval } from '../../../store/approvals.ts';
import type { ApprovalRow } from '../../../store/approvals.ts';
import { decideApproval } from '../../decisions/decide-approval.ts';
import type { DecisionAnswer } from '../../decisions/decide-approval.ts';
import { awaitApproval } from '../../decisions/find-approval.ts';
import type { VerdictQueries } from '../../decisions/verdict-queries.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { clientGone } from '../../streams/client-gone.ts';
import { approvalDetail, approvalPath } from '../../views/approval-view.ts';

/** Decides one pending approval. The first valid decision wins; a repeat of it answers `already_recorded`. */
export function registerDecideApproval(app: ApiServer, api: Api, queries: VerdictQueries): void {
  app.post('/v1/runs/:runId/approvals/:key/decisions', {
    config: { action: 'run.approval.decide' },
    schema: {
      operationId: 'decideApproval',
      tags: ['approvals'],
      summary: 'Decide an approval',
      description:
        'Send the `digest` of what the person was shown: it is required to approve, and only the call with that digest ' +
        'will run. The first valid decision stands.',
      headers: CommandHeaders,
      params: ApprovalParams,
      body: DecideApproval,
      response: {
        200: json('The decision is recorded', DecisionReceipt),
        202: json('The decision is in the mailbox of the run; no worker answered in time', PendingDecision),
        ...problems(
          'malformed_json',
          'digest_required',
          'not_an_approver',
          'self_approval',
          'service_cannot_decide',
          'approval_not_found',
          'already_decided',
          'digest_mismatch',
          'superseded',
          'decision_refused',
          'expired',
          'withdrawn',
          'run_over',
          'payload_too_large',
          'unsupported_media_type',
          'idempotency_mismatch',
          'reason_required',
          'decision_not_allowed',
          'temporal_unavailable',
        ),
      },
    },
    handler: async (request, reply) => {
      const { caller, params, body, headers } = request;
      const signal = clientGone(reply);
      const found = await awaitApproval(api, request, params, signal);
      const answer = await decideApproval(api, queries, {
        ...found,
        caller,
        request: body,
        idempotencyKey: headers['idempotency-key'],
        signal,
      });
      const { decisionId } = answer;
      const self = `${approvalPath(params)}/decisions/${decisionId}`;
      reply.header('location', self).header('cache-control', 'no-store');
      if (answer.type === 'pending') {
        return reply.code(202).send({ decisionId, outcome: 'pending', links: { self } });
      }
      const approval = await approvalDetail(api, caller, await decidedRow(api, found.approval, answer), found.run);
      return reply.send({ decisionId, outcome: answer.type, approval });
    },
  });
}

/** The approval as it is now. The event that decided it tells; without it the store does. */
async function decidedRow(
  api: Api,
  before: ApprovalRow,
  answer: Exclude<DecisionAnswer, { type: 'pending' }>,
): Promise<ApprovalRow> {
  if (answer.type === 'recorded' && answer.row) return answer.row;
  const stored = await getApproval(api.store, before, before.approvalId);
  // The event may still be on its way to the store: then the run's own view is the newer one.
  return { ...(stored ?? before), ...(stored?.status === 'pending' ? answer.approval : {}) };
}
