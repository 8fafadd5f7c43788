import { DecisionParams, DecisionView } from '../../../contract/decisions.ts';
import type { DecisionView as DecisionViewType } from '../../../contract/decisions.ts';
import { isFinished } from '../../../domain/core/run-status.ts';
import type { StoredEvent } from '../../../domain/schemas/event.ts';
import type { ApprovalRow } from '../../../store/approvals.ts';
import { winnerOf } from '../../decisions/decision-fate.ts';
import type { FoundApproval } from '../../decisions/find-approval.ts';
import { findApproval } from '../../decisions/find-approval.ts';
import { findDecision, isGiven } from '../../decisions/find-decision.ts';
import type { VerdictQueries } from '../../decisions/verdict-queries.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { approvalDetail } from '../../views/approval-view.ts';

type Outcome = Pick<DecisionViewType, 'outcome' | 'code' | 'winner'>;

/** What became of a decision that was answered 202. */
export function registerGetDecision(app: ApiServer, api: Api, queries: VerdictQueries): void {
  app.get('/v1/runs/:runId/approvals/:key/decisions/:decisionId', {
    config: { action: 'run.approval.read' },
    schema: {
      operationId: 'getDecision',
      tags: ['approvals'],
      summary: 'Ask what became of a decision',
      description: '`pending` until the run has judged it.',
      params: DecisionParams,
      response: {
        200: json('What became of the decision', DecisionView),
        ...problems('approval_not_found', 'decision_not_found'),
      },
    },
    handler: async (request) => {
      const { decisionId } = request.params;
      const found = await findApproval(api, request, request.params);
      const outcome = await outcomeOf(api, queries, found, decisionId);
      return { decisionId, ...outcome, approval: await approvalDetail(api, request.caller, found.approval) };
    },
  });
}

async function outcomeOf(
  api: Api,
  queries: VerdictQueries,
  { run, approval }: FoundApproval,
  decisionId: string,
): Promise<Outcome> {
  const known = approval.decision?.decisionId === decisionId && approval.status !== 'pending';
  if (known) return saying('recorded');
  if (approval.votes?.some((vote) => vote.decisionId === decisionId)) return saying('vote_recorded');
  const event = await findDecision(api, { run, approval }, decisionId);
  if (event) return outcomeIn(approval, event);
  if (!(await isGiven(api, { run, approval }, decisionId))) throw new HttpProblem('decision_not_found');
  // A run that is over judges nothing any more.
  if (isFinished(run.status)) return { outcome: 'refused', code: 'run_over', winner: null };
  const { approvalId } = approval;
  const { view } = await queries.ask(run, { approvalId, decisionId }).catch(() => ({ view: undefined }));
  const now = view?.approval;
  if (now?.decision?.decisionId === decisionId) return saying('recorded');
  return now?.votes?.some((vote) => vote.decisionId === decisionId) ? saying('vote_recorded') : saying('pending');
}

const saying = (outcome: Exclude<Outcome['outcome'], 'refused'>): Outcome => ({ outcome, code: null, winner: null });

function outcomeIn(approval: ApprovalRow, { type, data }: StoredEvent): Outcome {
  switch (type) {
    case 'approval.decided':
      return saying('recorded');
    case 'approval.vote_recorded':
      return saying('vote_recorded');
    case 'approval.superseded':
      return saying('revised');
    default:
      return refusalOf(approval, data);
  }
}

/** A run forgets the approvals of turns gone by; their rows know how each ended. */
function refusalOf({ status, decision }: ApprovalRow, data: Record<string, unknown>): Outcome {
  const told = data['winner'] as Outcome['winner'] | undefined;
  if (data['code'] !== 'unknown_approval')
    return { outcome: 'refused', code: String(data['code']), winner: told ?? null };
  if (!decision) return { outcome: 'refused', code: status, winner: null };
  return { outcome: 'refused', code: 'already_decided', winner: winnerOf(decision) };
}
