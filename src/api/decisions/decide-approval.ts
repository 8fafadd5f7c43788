/**
 * One decision, from request to answer. The signal is the durable record: after it was accepted the decision is not
 * lost, and all that follows only finds out what the run made of it.
 */
import type { ProblemCode } from '../../contract/problem.ts';
import type { WorkflowAddress } from '../../domain/core/ids.ts';
import type { ApprovalStatus, DecisionKind } from '../../domain/schemas/approval.ts';
import type { Delivery } from '../../gateway/run-gateway.ts';
import { getApproval } from '../../store/approvals.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { proposeGrant } from '../../store/grants.ts';
import type { GuardNotice } from '../../domain/guards/guard.ts';
import type { Api } from '../dependencies.ts';
import { guardText } from '../guards/guard-text.ts';
import { guardsToldOf, tellGuarded } from '../guards/tell-guarded.ts';
import { HttpProblem } from '../http-problem.ts';
import { waitForAnswer } from '../streams/wait-for-event.ts';
import type { EventWait } from '../streams/wait-for-event.ts';
import { checkDecision } from './check-decision.ts';
import { letGo, passClaim } from './claims.ts';
import { fateByApproval, fateByEvent, fateByVerdict, winnerOf } from './decision-fate.ts';
import type { Fate, GivenDecision } from './decision-fate.ts';
import { decisionId, hasSameContent, hasSameKey } from './decision-id.ts';
import { findRevising } from './find-decision.ts';
import { prepareDecision } from './prepare-decision.ts';
import type { DecisionInput } from './decision-input.ts';
import { signAndRecord } from './sign-and-record.ts';
import type { VerdictQueries } from './verdict-queries.ts';

export interface DecisionOrder extends DecisionInput {
  readonly idempotencyKey: string | undefined;
  readonly signal: AbortSignal;
}

/** `pending`: durably accepted, but no worker has answered in time. */
export type DecisionAnswer = { readonly grantId: string | null; readonly guards: readonly GuardNotice[] } & (
  | Exclude<Fate, { type: 'refused' }>
  | { readonly type: 'pending'; readonly decisionId: string }
);

/** Throws the problem where the decision is refused. */
export async function decideApproval(api: Api, queries: VerdictQueries, order: DecisionOrder): Promise<DecisionAnswer> {
  const { caller, run, approval, request } = order;
  const given = identify(api, order);
  const nowMs = await api.clock.nowMs();
  const settled =
    (await repeatedEdit(api, order, given)) ?? checkDecision({ caller, run, approval, request, given, nowMs });
  const put = settled ? await repeat(api, order, settled) : await putBeforeRun(api, queries, order, given, nowMs);
  const fate = await preciseFate(api, order, given, put.fate);
  if (fate?.type === 'refused') throw await refusalProblem(api, order, fate);
  const { grantId = null, guards } = put;
  return fate ? { ...fate, grantId, guards } : { type: 'pending', decisionId: given.decisionId, grantId, guards };
}

function identify(api: Api, { caller, run, approval, request, idempotencyKey }: DecisionOrder): GivenDecision {
  const { approvalId, revision, decision: recorded, votes = [] } = approval;
  const { principal } = caller.actor;
  const id = decisionId({
    ...{ approvalId, revision, principal, request, idempotencyKey },
    fingerprint: api.signer.fingerprint,
  });
  const known = recorded ? [...votes, recorded] : votes;
  if (known.some((one) => isReused(one.decisionId, id))) throw new HttpProblem('idempotency_mismatch');
  const { decision, stateEdits, remember } = request;
  const isPlain = (decision === 'approve' || decision === 'reject') && !stateEdits && !remember;
  return { approvalId, revision, decisionId: id, decision, principal, requester: run.requester, isPlain };
}

/** The key comes again with other words: that is another request. */
const isReused = (known: string, given: string): boolean => hasSameKey(known, given) && !hasSameContent(known, given);

/** An edit that made a later revision is not to be found in the approval as it is now. */
async function repeatedEdit(
  api: Api,
  order: DecisionOrder,
  { decisionId: id }: GivenDecision,
): Promise<Fate | undefined> {
  const { approval, request } = order;
  const isOld = request.digest !== undefined && request.digest !== approval.digest && approval.revision > 1;
  const event = request.decision === 'edit' && isOld ? await findRevising(api, order, id) : undefined;
  if (!event) return undefined;
  if (isReused(String(event.data['decisionId']), id)) throw new HttpProblem('idempotency_mismatch');
  return { type: 'revised', decisionId: id };
}

/** Under a key a repeat is answered as the first was; without one, it says that it changed nothing. */
function asRepeat({ idempotencyKey }: DecisionOrder, fate: Fate): Fate {
  if (fate.type === 'refused' || idempotencyKey !== undefined) return fate;
  const { decisionId: id } = fate;
  return { type: 'already_recorded', decisionId: id, ...(fate.approval && { approval: fate.approval }) };
}

interface Put {
  readonly fate: Fate | undefined;
  readonly guards: readonly GuardNotice[];
  readonly grantId?: string;
}

/** What the guards did is told as it was the first time: today they might judge otherwise. */
async function repeat(api: Api, order: DecisionOrder, settled: Fate): Promise<Put> {
  const fate = asRepeat(order, settled);
  const guards = fate.type === 'refused' ? [] : await guardsToldOf(api, order.run, fate.decisionId);
  return { fate, guards };
}

/** Where people's words are in a decision. */
const WORDS = { reason: 'reason', response: 'response', arguments: 'arguments', stateEdits: 'state_edits' } as const;

async function putBeforeRun(
  api: Api,
  queries: VerdictQueries,
  order: DecisionOrder,
  given: GivenDecision,
  nowMs: number,
): Promise<Put> {
  const { caller, run, approval, request, signal } = order;
  const { tenant, project, runId } = run;
  const guarded = await guardText(api, request, WORDS);
  const guards = guarded.notices;
  // From here on there is only what the guards have left: it is judged, digested and signed.
  const prepared = await prepareDecision(api, { ...order, request: guarded.request }, given, nowMs);
  const { command, blobs, contributes, grant } = prepared;
  const held = await passClaim(api, { caller, approval, force: request.force ?? false, nowMs });
  const address = { tenant, project, runId };
  // Before the signal: nothing may refer to words or grants that are not stored.
  if (grant) await proposeGrant(api.store, grant.row, grant.blobs);
  await tellGuarded(api, caller, run, given.decisionId, guards);
  const signed = await signAndRecord(api, { caller, address, command, nowMs, contributes, blobs });
  using wait = waitForAnswer(api.feed, run, signal, (event) => fateByEvent(event, given, approval));
  const delivery = await api.gateway.command(address, 'decide', signed);
  if (delivery !== 'accepted') return { fate: await undelivered(api, approval, given, delivery), guards };
  const told = await wait.within(api.limits.verdictAfterMs);
  const fate = told ?? (await askRun(api, queries, wait, address, given));
  const isOpen = fate?.type === 'vote_recorded' || fate?.type === 'revised';
  if (held && isOpen) await letGo(api, { caller, approval, force: false, nowMs });
  const isGranted = grant !== undefined && fate?.type === 'recorded';
  return { fate, guards, ...(isGranted && { grantId: grant.row.grantId }) };
}

/**
 * A run forgets its older approvals, and says little once it is over. The store does not: where somebody has decided,
 * that is what is told. The event that decided it is stored before the one that refuses, so the row has it.
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

/** The run has told it already, whatever holds the store up: the answer is not kept back for long. */
const STORED_WAIT_MS = 1_000;

/** The shared answer may be about another's decision, and say nothing of this one. */
const MAX_QUESTIONS = 3;

/** The feed is silent: ask the run itself, and take whichever answer comes first. */
async function askRun(
  api: Api,
  queries: VerdictQueries,
  wait: EventWait<Fate>,
  address: WorkflowAddress,
  given: GivenDecision,
): Promise<Fate | undefined> {
  const byEvent = wait.within(api.limits.decisionWaitMs);
  const ask = async (left: number): Promise<Fate | undefined> => {
    const { askedFor, view } = await queries.ask(address, given);
    const fate = view && fateByVerdict(view, askedFor, given);
    if (fate || !view) return fate;
    return askedFor === given.decisionId || left <= 1 ? byEvent : ask(left - 1);
  };
  const byQuery = ask(MAX_QUESTIONS).catch((error: unknown) => {
    // The decision is accepted; that its fate cannot be asked for is no failure of the request.
    api.logger.warn({ err: error, runId: address.runId }, 'decision.verdict_unavailable');
    return undefined;
  });
  const fate = await Promise.race([byEvent.then((told) => told ?? byQuery), byQuery]);
  // Who lists approvals next shall not find it open: the step that carries the event is about to store it.
  return fate && fate.type !== 'refused' ? ((await wait.within(STORED_WAIT_MS)) ?? fate) : fate;
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
  { caller, approval }: DecisionOrder,
  { code, winner }: Extract<Fate, { type: 'refused' }>,
): Promise<HttpProblem> {
  // Another may have changed it since it was loaded: what is told is what holds now.
  const current = (await getApproval(api.store, caller.scope, approval.approvalId)) ?? approval;
  const recorded = current.decision && winnerOf(current.decision);
  const won = winner ?? (code === 'already_decided' ? recorded : undefined);
  const isToldDigest = (code === 'digest_mismatch' || code === 'superseded') && current.status === 'pending';
  const isAhead = code === 'already_decided' && won && current.status === 'pending';
  return new HttpProblem(code, {
    extras: {
      currentStatus: isAhead ? STATUS_AFTER[won.decision] : current.status,
      currentRevision: current.revision,
      ...(isToldDigest && { currentDigest: current.digest }),
      ...(won && { winner: won }),
    },
  });
}

/** The row may lag behind the decision that won. */
const STATUS_AFTER = {
  approve: 'approved',
  edit: 'approved',
  reject: 'rejected',
  respond: 'answered',
  request_changes: 'superseded',
} as const satisfies Record<DecisionKind, ApprovalStatus>;
