/**
 * What has happened to approvals, in the order of its becoming visible. A place in it is a snapshot of PostgreSQL: the
 * changes that follow are those of transactions which that snapshot did not see. So none is missed that commits late,
 * and nobody waits for a number.
 */
import { z } from 'zod';
import type { Scope } from '../domain/schemas/names.ts';
import { approvalRow } from './approvals.ts';
import type { ApprovalRow } from './approvals.ts';
import type { Claim } from './claims.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { approvals } from './schema/approvals.ts';

/** All changes that this snapshot of this generation of changes shows are known. */
export interface ApprovalPlace {
  readonly generation: string;
  /** As PostgreSQL writes its snapshots. */
  readonly snapshot: string;
  /** By the clock of PostgreSQL. */
  readonly atMs: number;
}

export interface ApprovalChange {
  /** Unique within a generation. */
  readonly changeId: number;
  readonly type: string;
  /** That it happened to. */
  readonly revision: number;
  /** The root run's last event as of the change. */
  readonly seq: number;
  readonly at: number;
  /** As it stands now, whatever it was then: whoever takes the last change of an approval has its present state. */
  readonly approval: ApprovalRow;
  /** Whether or not its time is over. */
  readonly claim: Claim | undefined;
}

export interface ApprovalChanges {
  readonly changes: readonly ApprovalChange[];
  /** After all of them. */
  readonly place: ApprovalPlace;
}

const DAY_MS = 86_400_000;
/** How long changes are kept, and, safely below that, how old a place may be. */
const KEPT_MS = 7 * DAY_MS;
const PLACE_MAX_AGE_MS = 6 * DAY_MS;

const NOW_MS = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

const PLACE = {
  name: 'approval_place_1',
  text: `SELECT feed_generation() AS generation, pg_current_snapshot()::text AS snapshot, ${NOW_MS} AS now_ms`,
};

const PlaceRow = z.object({ generation: z.string(), snapshot: z.string(), now_ms: z.number() });

/** The place before all that is not committed yet: read what there is after asking for it. */
export async function approvalPlace(store: Store): Promise<ApprovalPlace> {
  const [row] = await execute(store, PLACE, []);
  const { generation, snapshot, now_ms } = PlaceRow.parse(row);
  return { generation, snapshot, atMs: now_ms };
}

/** One statement: what it finds new and how the approvals stand are of the same moment. */
const READ = {
  name: 'approval_changes_1',
  text: `SELECT p.generation, p.snapshot, p.now_ms, c.*
    FROM (SELECT (SELECT f.generation FROM approval_feeds f WHERE f.place = feed_place()) AS generation,
                 pg_current_snapshot()::text AS snapshot, ${NOW_MS} AS now_ms) p
    LEFT JOIN LATERAL (
      SELECT n.change_id, n.type AS change_type, n.revision AS change_revision, n.seq AS change_seq, n.at AS change_at,
             k.principal AS claim_principal, k.until AS claim_until, k.claimed_at AS claim_claimed_at, a.*
        FROM approval_changes n
        JOIN approvals a ON a.approval_id = n.approval_id AND a.tenant = n.tenant AND a.project = n.project
        LEFT JOIN claims k ON k.approval_id = n.approval_id AND k.tenant = n.tenant AND k.project = n.project
       WHERE n.tenant = $1 AND n.project = $2
         AND n.xid >= pg_snapshot_xmin($3::pg_snapshot) AND NOT pg_visible_in_snapshot(n.xid, $3::pg_snapshot)
       ORDER BY n.change_id LIMIT $4) c ON true
    ORDER BY c.change_id`,
};

/** No generation: no change was ever followed here. */
const FoundRow = PlaceRow.extend({ generation: z.string().nullable() });
const ChangeRow = z.object({
  change_id: z.number(),
  change_type: z.string(),
  change_revision: z.number(),
  change_seq: z.number(),
  change_at: z.number(),
  claim_principal: z.string().nullable(),
  claim_until: z.number().nullable(),
  claim_claimed_at: z.number().nullable(),
});

/**
 * The changes after a place. Undefined where what lies between is not known any more, or is more than `limit`: begin
 * anew with what there is.
 */
export async function readApprovalChanges(
  store: Store,
  scope: Scope,
  after: ApprovalPlace,
  limit: number,
): Promise<ApprovalChanges | undefined> {
  const rows = await execute(store, READ, [scope.tenant, scope.project, after.snapshot, limit + 1]);
  const { generation, snapshot, now_ms } = FoundRow.parse(rows[0]);
  const isKnown = generation === after.generation && now_ms - after.atMs < PLACE_MAX_AGE_MS;
  if (!isKnown || rows.length > limit) return undefined;
  const changes = rows.flatMap((row) => {
    const known = ChangeRow.safeParse(row).data;
    return known ? [changeOf(known, approvalRow(decodeRow(approvals, row)))] : [];
  });
  return { changes, place: { generation: after.generation, snapshot, atMs: now_ms } };
}

function changeOf(row: z.infer<typeof ChangeRow>, approval: ApprovalRow): ApprovalChange {
  const { approvalId } = approval;
  const { claim_principal: principal, claim_until: until, claim_claimed_at: claimedAt } = row;
  const isClaimed = principal !== null && until !== null && claimedAt !== null;
  return {
    changeId: row.change_id,
    type: row.change_type,
    revision: row.change_revision,
    seq: row.change_seq,
    at: row.change_at,
    approval,
    claim: isClaimed ? { approvalId, principal, until, claimedAt } : undefined,
  };
}

const FORGET = {
  name: 'forget_approval_changes_1',
  text: `DELETE FROM approval_changes WHERE at < ${NOW_MS} - $1`,
};

/** Nobody's place is as old as what this removes. */
export async function forgetOldApprovalChanges(store: Store): Promise<void> {
  await execute(store, FORGET, [KEPT_MS]);
}

const PLACE_ID = /^([0-9a-f]{16})\.(\d{1,15})\.((\d{1,18}):(\d{1,18}):((?:\d{1,18}(?:,\d{1,18})*)?))$/;

/** Opaque to clients; fit for a header. */
export const formatPlace = ({ generation, atMs, snapshot }: ApprovalPlace): string =>
  `${generation}.${atMs}.${snapshot}`;

/** Undefined for what `formatPlace` never makes. */
export function parsePlace(text: string): ApprovalPlace | undefined {
  const [, generation, atMs, snapshot, from, to, between] = PLACE_ID.exec(text) ?? [];
  if (generation === undefined || snapshot === undefined) return undefined;
  // PostgreSQL reads no other: those under way in order, from the oldest, all before the next.
  const ids = [from, ...(between ? between.split(',') : []), to].map((digits) => BigInt(digits ?? 0));
  const isOrdered = ids.every((id, index) => id > 0n && (index === 0 || id >= (ids[index - 1] ?? 0n)));
  const isWithin = between ? ids.at(-2) !== ids.at(-1) : true;
  return isOrdered && isWithin ? { generation, atMs: Number(atMs), snapshot } : undefined;
}
