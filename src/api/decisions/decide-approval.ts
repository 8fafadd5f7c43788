/**
 * One decision, from request to answer. The signal is the durable record: after it was accepted the decision is not
 * lost, and all that follows only finds out what the run made of it.
 */
import type { DecideApproval } from '../../contract/decisions.ts';
import type { ProblemCode } from '../../contract/problem.ts';
import type { WorkflowAddress } from '../../domain/core/ids.ts';
import type { DecideCommand } from '../../domain/schemas/command.ts';
import type { Delivery } from '../../gateway/run-gateway.ts';
import { getApproval } from '../../store/approvals.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { makeBlob, putBlobs } from '../../store/blobs.ts';
import type { Api, Caller } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import { waitForEvent } from '../streams/wait-for-event.ts';
import type { EventWait } from '../streams/wait-for-event.ts';
import { checkDecision } from './check-decision.ts';
import { fateByApproval, fateByEvent, fateByVerdict } from './decision-fate.ts';
import type { Fate, GivenDecision } from './decision-fate.ts';
import type { FoundApproval } from './find-approval.ts';
import { decisionId } from './decision-id.ts';
import type { VerdictQueries } from './verdict-queries.ts';

export interface DecisionOrder extends FoundApproval {
  readonly caller: Caller;
  readonly request: DecideApproval;
  readonly idempotencyKey: string | undefined;
  readonly signal: AbortSignal;
}

/** `pending`: durably accepted, but no worker has answered in time. */
export type DecisionAnswer =
  | Exclude<Fate, { type: 'refused' }>
  | { readonly type: 'pending'; readonly decisionId: string };

/** Throws the problem where the decision is refused. */
export async function decideApproval(api: Api, queries: VerdictQueries, order: DecisionOrder): Promise<DecisionAnswer> {
  const { caller, run, approval, request } = order;
  const given = identify(order);
  const nowMs = await api.clock.nowMs();
  const settled = checkDecision({ caller, run, approval, request, given, nowMs });
  const fate = settled ?? (await preciseFate(api, order, given, await putBeforeRun(api, queries, order, given, nowMs)));
  if (fate?.type !== 'refused') return fate ?? { type: 'pending', decisionId: given.decisionId };
  throw await refusalProblem(api, caller, approval, fate);
}

function identify({ caller, approval, request, idempotencyKey }: DecisionOrder): GivenDecision {
  const { approvalId, revision, decision: recorded } = approval;
  const { principal } = caller.actor;
  const keyed = { approvalId, revision, principal, idempotencyKey };
  const id = decisionId({ ...keyed, decision: request.decision });
  // The key comes again with the other answer: that is another request.
  const reused =
    idempotencyKey !== undefined &&
    recorded !== undefined &&
    recorded.decision !== request.decision &&
    recorded.decisionId === decisionId({ ...keyed, decision: recorded.decision });
  if (reused) throw new HttpProblem('idempotency_mismatch');
  return { approvalId, decisionId: id, decision: request.decision, principal };
}

async function putBeforeRun(
  api: Api,
  queries: VerdictQueries,
  order: DecisionOrder,
  given: GivenDecision,
  nowMs: number,
): Promise<Fate | undefined> {
  const { caller, run, approval, request, signal } = order;
  const { tenant, project, runId } = run;
  const reason = request.reason === undefined ? undefined : makeBlob({ text: request.reason });
  // Before the signal: nothing may refer to words that are not stored.
  if (reason) await putBlobs(api.store, tenant, [reason]);
  const command: DecideCommand = {
    type: 'decide',
    runId,
    approvalId: approval.approvalId,
    revision: approval.revision,
    decisionId: given.decisionId,
    decision: request.decision,
    ...(request.digest === undefined ? {} : { digest: request.digest }),
    ...(reason && { reasonRef: reason.ref }),
  };
  const signed = await api.signer.sign(command, {
    tenant,
    project,
    actor: caller.actor,
    authTime: caller.authenticatedAtMs,
    channel: 'api',
    nowMs,
  });
  using wait = waitForEvent(api.feed, {
    scope: run,
    rootRunId: run.rootRunId,
    after: run.eventSeq,
    isCurrent: true,
    signal,
    match: (event) => (event.runId === runId ? fateByEvent(event, given, approval) : undefined),
  });
  const address = { tenant, project, runId };
  const delivery = await api.gateway.decide(address, signed);
  if (delivery !== 'accepted') return undelivered(api, approval, given, delivery);
  return (await wait.within(api.limits.verdictAfterMs)) ?? (await askRun(api, queries, wait, address, given));
}

/**
 * A run forgets its older approvals, and says little once it is over. The store does not: where somebody has decided,
 * that is what is told. The event that decided is stored before the one that refuses, so the row has it.
 */
async function preciseFate(
  api: Api,
  { approval }: DecisionOrder,
  given: GivenDecision,
  fate: Fate | undefined,
): Promise<Fate | undefined> {
  if (fate?.type !== 'refused' || !VAGUE.has(fate.code)) return fate;
  const current = await getApproval(api.store, approval, approval.approvalId);
  if (!current || current.status === 'withdrawn') return fate;
  return fateByApproval(current, given) ?? fate;
}

const VAGUE: ReadonlySet<ProblemCode> = new Set(['decision_refused', 'run_over']);

/** The feed is silent: ask the run itself, and take whichever answer comes first. */
async function askRun(
  api: Api,
  queries: VerdictQueries,
  wait: EventWait<Fate>,
  address: WorkflowAddress,
  given: GivenDecision,
): Promise<Fate | undefined> {
  const byEvent = wait.within(api.limits.decisionWaitMs);
  const byQuery = queries.ask(address, given).then(
    async (view) => (view && fateByVerdict(view, given)) ?? (view === undefined ? undefined : await byEvent),
    (error: unknown) => {
      // The decision is accepted; that its fate cannot be asked for is no failure of the request.
      api.logger.warn({ err: error, runId: address.runId }, 'decision.verdict_unavailable');
      return undefined;
    },
  );
  return Promise.race([byEvent.then((fate) => fate ?? byQuery), byQuery]);
}

/** The workflow took nothing: the store knows why, or the run's end has not been recorded yet. */
async function undelivered(
  api: Api,
  approval: ApprovalRow,
  given: GivenDecision,
  delivery: Exclude<Delivery, 'accepted'>,
): Promise<Fate> {
  const current = await getApproval(api.store, approval, approval.approvalId);
  const fate = current && fateByApproval(current, given);
  if (fate && !(fate.type === 'refused' && fate.code === 'withdrawn')) return fate;
  if (delivery === 'unknown_run') throw new HttpProblem('temporal_unavailable', { detail: MISSING_WORKFLOW });
  return { type: 'refused', code: 'run_over' };
}

const MISSING_WORKFLOW = 'The workflow of this run cannot be found at present; nothing was decided.';

async function refusalProblem(
  api: Api,
  caller: Caller,
  approval: ApprovalRow,
  fate: Extract<Fate, { type: 'refused' }>,
): Promise<HttpProblem> {
  const { code, winner } = fate;
  // Another may have changed it since it was loaded: what is told is what holds now.
  const current = (await getApproval(api.store, caller.scope, approval.approvalId)) ?? approval;
  const recorded = current.decision && {
    decisionId: current.decision.decisionId,
    decision: current.decision.decision,
    principal: current.decision.actor.principal,
  };
  const won = winner ?? (code === 'already_decided' ? recorded : undefined);
  return new HttpProblem(code, {
    extras: {
      currentStatus: won && current.status === 'pending' ? statusAfter[won.decision] : current.status,
      currentRevision: current.revision,
      ...(code === 'digest_mismatch' || code === 'superseded' ? { currentDigest: current.digest } : {}),
      ...(won && { winner: won }),
    },
  });
}

/** The row may lag behind the decision that won. */
const statusAfter = { approve: 'approved', reject: 'rejected' } as const;
