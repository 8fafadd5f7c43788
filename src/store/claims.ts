/** Who is looking at an approval. Claims stop nobody here: whoever takes decisions asks for them. */
import { parseApprovalId } from '../domain/core/ids.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { claims } from './schema/claims.ts';
import { storableText } from './storable-text.ts';

export interface Claim {
  readonly approvalId: string;
  readonly principal: string;
  readonly until: number;
  readonly claimedAt: number;
}

const CLAIM = {
  name: 'claim_approval_1',
  text: 'SELECT c.outcome, (c.claim).* FROM claim_approval($1, $2, $3, $4, $5, $6, $7, $8) c',
};

export type ClaimOutcome = {
  /** `held`: by another, whose claim is told. `taken_over`: from another, by force. */
  readonly outcome: 'claimed' | 'renewed' | 'taken_over' | 'held';
  readonly claim: Claim;
};

/** Compare-and-set: of two who claim at once, one holds it. A claim past its end is as good as none. */
export async function claimApproval(
  store: Store,
  scope: Scope,
  approvalId: string,
  by: { readonly principal: string; readonly until: number; readonly nowMs: number; readonly force: boolean },
): Promise<ClaimOutcome> {
  const [row] = (await execute(store, CLAIM, [
    scope.tenant,
    scope.project,
    approvalId,
    parseApprovalId(approvalId)?.runId ?? '',
    storableText(by.principal),
    by.until,
    by.nowMs,
    by.force,
  ])) as [{ outcome: ClaimOutcome['outcome'] }];
  return { outcome: row.outcome, claim: claimFrom(row) };
}

const RELEASE = {
  name: 'release_claim_1',
  text: 'SELECT c.outcome, (c.claim).* FROM release_claim($1, $2, $3, $4, $5, $6) c',
};

export type ReleaseOutcome =
  | { readonly outcome: 'released' | 'not_claimed' }
  | { readonly outcome: 'held'; readonly claim: Claim };

/** Another's claim is released by force only. */
export async function releaseClaim(
  store: Store,
  scope: Scope,
  approvalId: string,
  by: { readonly principal: string; readonly nowMs: number; readonly force: boolean },
): Promise<ReleaseOutcome> {
  const [row] = (await execute(store, RELEASE, [
    scope.tenant,
    scope.project,
    approvalId,
    storableText(by.principal),
    by.nowMs,
    by.force,
  ])) as [{ outcome: ReleaseOutcome['outcome'] }];
  return row.outcome === 'held' ? { outcome: row.outcome, claim: claimFrom(row) } : { outcome: row.outcome };
}

const LIVE = {
  name: 'live_claims_1',
  text: `SELECT c.* FROM claims c
    WHERE c.tenant = $1 AND c.project = $2 AND c.approval_id = ANY ($3::text[]) AND c.until > $4`,
};

/** Claims that hold now, by approval. */
export async function liveClaims(
  store: Store,
  scope: Scope,
  approvalIds: readonly string[],
  nowMs: number,
): Promise<Map<string, Claim>> {
  if (approvalIds.length === 0) return new Map();
  const rows = await execute(store, LIVE, [scope.tenant, scope.project, [...approvalIds], nowMs]);
  return new Map(rows.map(claimFrom).map((claim) => [claim.approvalId, claim]));
}

function claimFrom(row: unknown): Claim {
  const { approvalId, principal, until, claimedAt } = decodeRow(claims, row);
  return { approvalId, principal, until, claimedAt };
}
