import { DecisionParams, DecisionView } from '../../../contract/decisions.ts';
import type { DecisionView as DecisionViewType } from '../../../contract/decisions.ts';
import { isFinished } from '../../../domain/core/run-status.ts';
import { readEvents } from '../../../store/events.ts';
import type { FoundApproval } from '../../decisions/find-approval.ts';
import { findApproval } from '../../decisions/find-approval.ts';
import type { VerdictQueries } from '../../decisions/verdict-queries.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { approvalDetail } from '../../views/approval-view.ts';

type Outcome = Pick<DecisionViewType, 'outcome' | 'code' | 'winner'>;

const PENDING: Outcome = { outcome: 'pending', code: null, winner: null };
const RECORDED: Outcome = { outcome: 'recorded', code: null, winner: null };

/** What became of a decision that was answered 202. */
export function registerGetDecision(app: ApiServer, api: Api, queries: VerdictQueries): void {
  app.get('/v1/runs/:runId/approvals/:key/decisions/:decisionId', {
    config: { action: 'run.approval.read' },
    schema: {
      operationId: 'getDecision',
      tags: ['approvals'],
      summary: 'Ask what became of a decision',
      description:
        '`pending` until the run has judged it; a decision that was never sent stays pending until the run ends.',
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
  if (approval.decision?.decisionId === decisionId) return RECORDED;
  const stored = await storedOutcome(api, { run, approval }, decisionId);
  if (stored) return stored;
  // A run that is over judges nothing any more.
  if (isFinished(run.status)) return { outcome: 'refused', code: 'run_over', winner: null };
  const view = await queries.ask(run, { approvalId: approval.approvalId, decisionId }).catch(() => undefined);
  if (view?.approval?.decision?.decisionId === decisionId) return RECORDED;
  return PENDING;
}

/** A run forgets the approvals of turns gone by; their rows know how each ended. */
function refusalOf({ status, decision }: FoundApproval['approval'], data: Record<string, unknown>): Outcome {
  const told = data['winner'] as Outcome['winner'] | undefined;
  if (data['code'] !== 'unknown_approval')
    return { outcome: 'refused', code: String(data['code']), winner: told ?? null };
  if (!decision) return { outcome: 'refused', code: status, winner: null };
  const { decisionId, decision: kind, actor } = decision;
  return {
    outcome: 'refused',
    code: 'already_decided',
    winner: { decisionId, decision: kind, principal: actor.principal },
  };
}

const PAGE = 500;

/** Looks through the events since the request for the one that names the decision. */
async function storedOutcome(api: Api, { run, approval }: FoundApproval, id: string): Promise<Outcome | undefined> {
  for (let after = 0; ;) {
    const events = await readEvents(api.store, run, run.rootRunId, { after, limit: PAGE, runId: approval.runId });
    for (const { type, data } of events) {
      if (data['decisionId'] !== id) continue;
      if (type === 'approval.decided') return RECORDED;
      if (type === 'decision.refused') {
        return refusalOf(approval, data);
      }
    }
    const last = events.at(-1);
    if (!last || events.length < PAGE) return undefined;
    after = last.seq;
  }
}
