import { ApprovalParams } from '../../../contract/approvals.ts';
import { DecideApproval, DecisionReceipt, PendingDecision } from '../../../contract/decisions.ts';
import type { ProblemCode } from '../../../contract/problem.ts';
import { awaitApproval } from '../../decisions/find-approval.ts';
import { giveDecision } from '../../decisions/give-decision.ts';
import type { VerdictQueries } from '../../decisions/verdict-queries.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { clientGone } from '../../streams/client-gone.ts';
import { approvalDetail } from '../../views/approval-view.ts';

/** Why a decision can be refused. Where the status is 403 or 422 the approval is still open. */
export const DECISION_PROBLEMS = [
  'digest_required',
  'not_an_approver',
  'self_approval',
  'service_cannot_decide',
  'channel_not_allowed',
  'approval_not_found',
  'already_decided',
  'already_voted',
  'claimed',
  'digest_mismatch',
  'superseded',
  'decision_refused',
  'expired',
  'withdrawn',
  'run_over',
  'idempotency_mismatch',
  'reason_required',
  'decision_not_allowed',
  'invalid_arguments',
  'policy_denied',
  'invalid_response',
  'invalid_state_path',
  'state_path_not_allowed',
  'state_edits_need_one_decider',
  'not_grantable',
  'text_refused',
  'guard_unavailable',
  'temporal_unavailable',
] as const satisfies readonly ProblemCode[];

/** Decides one pending approval, or votes on it. The first valid decision wins. */
export function registerDecideApproval(app: ApiServer, api: Api, queries: VerdictQueries): void {
  app.post('/v1/runs/:runId/approvals/:key/decisions', {
    // The least that any decision needs; anything but an answer to a question needs `run.approval.decide`, too.
    config: { action: 'run.question.answer' },
    schema: {
      operationId: 'decideApproval',
      tags: ['approvals'],
      summary: 'Decide an approval',
      description:
        'Send the `digest` of what the person was shown: it is required to approve and to edit, and only the call with ' +
        'that digest will run. The first valid decision stands; where several people must agree, each has one vote. ' +
        'Send the same again and nothing changes.',
      headers: CommandHeaders,
      params: ApprovalParams,
      body: DecideApproval,
      response: {
        200: json('The decision is recorded', DecisionReceipt),
        202: json('The decision is in the mailbox of the run; no worker answered in time', PendingDecision),
        ...problems('malformed_json', 'payload_too_large', 'unsupported_media_type', ...DECISION_PROBLEMS),
      },
    },
    handler: async (request, reply) => {
      const { caller, params, body, headers } = request;
      const signal = clientGone(reply);
      const found = await awaitApproval(api, request, params, signal);
      const idempotencyKey = headers['idempotency-key'];
      const given = await giveDecision(api, queries, { ...found, caller, request: body, idempotencyKey, signal });
      const { decisionId, outcome, grantId, self } = given;
      const guards = [...given.guards];
      reply.header('location', self).header('cache-control', 'no-store');
      if (outcome === 'pending') return reply.code(202).send({ decisionId, outcome, guards, links: { self } });
      const approval = await approvalDetail(api, caller, given.approval, found.run);
      return reply.send({ decisionId, outcome, grantId, guards, approval });
    },
  });
}
