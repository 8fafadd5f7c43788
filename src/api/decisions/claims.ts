/** Who is looking at an approval. Claims are rows with an end, enforced here alone; what happens to them is told in events. */
import { randomBytes } from 'node:crypto';
import type { Claim as ClaimView } from '../../contract/approvals.ts';
import { stepOrigin } from '../../domain/core/ids.ts';
import type { RunEvent } from '../../domain/schemas/event.ts';
import { claimApproval, liveClaims, releaseClaim } from '../../store/claims.ts';
import type { Claim } from '../../store/claims.ts';
import { appendFromOutside } from '../../store/append-from-outside.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import type { Api, Caller } from '../dependencies.ts';
import { forbidden } from '../forbidden.ts';
import { HttpProblem } from '../http-problem.ts';
import { timestamp } from '../views/time.ts';
import { mayDo } from './may-decide.ts';

export const CLAIM_DEFAULT_MS = 15 * 60_000;
export const CLAIM_MAX_MS = 8 * 3_600_000;

export const claimView = ({ principal, until, claimedAt }: Claim): ClaimView => ({
  by: principal,
  until: timestamp(until),
  since: timestamp(claimedAt),
});

const held = (claim: Claim): HttpProblem =>
  new HttpProblem('claimed', { extras: { claim: { by: claim.principal, until: timestamp(claim.until) } } });

/** Throws `forbidden` where force is asked for by somebody who may not use it. */
function assertForce(caller: Caller, approval: ApprovalRow, force: boolean): void {
  if (force && !mayDo(caller, 'run.approval.force', approval)) throw forbidden('run.approval.force');
}

/** Each has an origin of its own. */
const tell = (api: Api, approval: ApprovalRow, event: RunEvent): Promise<void> =>
  appendFromOutside(api.store, approval, stepOrigin(`claim:${randomBytes(12).toString('hex')}`, 1), [event]);

interface ClaimOrder {
  readonly caller: Caller;
  readonly approval: ApprovalRow;
  readonly force: boolean;
  readonly nowMs: number;
}

/** Throws `claimed` where another holds it. */
export async function takeClaim(api: Api, { caller, approval, force, nowMs }: ClaimOrder, ttlMs: number) {
  assertForce(caller, approval, force);
  const { approvalId, revision } = approval;
  const { actor } = caller;
  const given = { principal: actor.principal, until: nowMs + ttlMs, nowMs, force };
  const { outcome, claim } = await claimApproval(api.store, approval, approvalId, given);
  if (outcome === 'held') throw held(claim);
  const forced = outcome === 'taken_over' ? { forced: true } : {};
  const data = { approvalId, revision, actor, channel: caller.channel, until: claim.until, ...forced };
  await tell(api, approval, { type: 'approval.claimed', at: nowMs, data });
  return { outcome, claim };
}

/** Throws `claimed` where another holds it. Releasing what nobody holds changes nothing. */
export async function endClaim(api: Api, { caller, approval, force, nowMs }: ClaimOrder) {
  assertForce(caller, approval, force);
  const { approvalId, revision } = approval;
  const { actor } = caller;
  const given = { principal: actor.principal, nowMs, force };
  const result = await releaseClaim(api.store, approval, approvalId, given);
  if (result.outcome === 'held') throw held(result.claim);
  if (result.outcome === 'released')
    await tell(api, approval, { type: 'approval.released', at: nowMs, data: { approvalId, revision, actor } });
  return result.outcome;
}

export async function claimOf(api: Api, approval: ApprovalRow, nowMs: number): Promise<Claim | undefined> {
  if (approval.status !== 'pending') return undefined;
  const claims = await liveClaims(api.store, approval, [approval.approvalId], nowMs);
  return claims.get(approval.approvalId);
}

/**
 * Throws `claimed` where another is looking at it: two do not decide the same unknowingly. With force an operator takes
 * the claim over first, so that it is told.
 */
export async function passClaim(api: Api, order: ClaimOrder): Promise<Claim | undefined> {
  const { caller, approval, force, nowMs } = order;
  assertForce(caller, approval, force);
  const current = await claimOf(api, approval, nowMs);
  if (!current || current.principal === caller.actor.principal) return current;
  if (!force) throw held(current);
  return (await takeClaim(api, order, CLAIM_DEFAULT_MS)).claim;
}

/** After a vote others are to look at it. That the claim ends is no part of the vote: it ends by itself at the latest. */
export async function letGo(api: Api, order: ClaimOrder): Promise<void> {
  try {
    await endClaim(api, order);
  } catch (error) {
    const { approvalId } = order.approval;
    api.logger.warn({ err: error, approvalId }, 'claim.release_failed');
  }
}
