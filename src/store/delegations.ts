import { and, desc, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { Scope } from '../domain/schemas/names.ts';
import { auditParameters } from './audit-events.ts';
import type { NewAuditEvent } from './audit-events.ts';
import { execute, storedBy } from './database.ts';
import type { Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { delegations } from './schema/delegations.ts';
import { storableText } from './storable-text.ts';

/** One principal's part in deciding, handed to another for a time. */
export interface DelegationRow extends Scope {
  readonly delegationId: string;
  readonly from: string;
  readonly to: string;
  /** Null: all groups of who delegates. */
  readonly groups: readonly string[] | null;
  readonly until: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly endedBy: string | null;
}

const ADD = { name: 'add_delegation_1', text: 'SELECT add_delegation($1, $2, $3, $4) AS stored' };

/** False where there is one of this id already: it stands, and nothing is told. */
export async function addDelegation(store: Store, delegation: DelegationRow, told: NewAuditEvent): Promise<boolean> {
  const { groups } = delegation;
  const row = {
    tenant: delegation.tenant,
    project: delegation.project,
    delegation_id: delegation.delegationId,
    from_principal: storableText(delegation.from),
    to_principal: storableText(delegation.to),
    groups: groups === null ? null : groups.map(storableText),
    until: delegation.until,
    created_by: storableText(delegation.createdBy),
    created_at: delegation.createdAt,
  };
  return storedBy(store, ADD, [JSON.stringify(row), ...auditParameters(delegation.tenant, [told])]);
}

const END = {
  name: 'end_delegation_2',
  text: 'SELECT d.* FROM end_delegation($1, $2, $3, $4, $5, $6, $7, $8) d',
};

/** Undefined where there is none to end, or it was ended before. */
export async function endDelegation(
  store: Store,
  scope: Scope,
  delegationId: string,
  by: { readonly principal: string; readonly nowMs: number },
  told: NewAuditEvent,
): Promise<DelegationRow | undefined> {
  const { tenant, project } = scope;
  const values = [tenant, project, delegationId, storableText(by.principal), by.nowMs];
  const [row] = await execute(store, END, [...values, ...auditParameters(tenant, [told])]);
  return row === undefined ? undefined : decodeRow(delegations, row);
}

const GET = {
  name: 'get_delegation_1',
  text: 'SELECT d.* FROM delegations d WHERE d.tenant = $1 AND d.project = $2 AND d.delegation_id = $3',
};

export async function getDelegation(
  store: Store,
  scope: Scope,
  delegationId: string,
): Promise<DelegationRow | undefined> {
  const [row] = await execute(store, GET, [scope.tenant, scope.project, delegationId]);
  return row === undefined ? undefined : decodeRow(delegations, row);
}

export interface DelegationFilter {
  /** Those from or to this principal. */
  readonly principal?: string;
  /** Only those that hold at this time. */
  readonly activeAtMs?: number;
  /** The last one of the page before. */
  readonly cursor?: { readonly createdAt: number; readonly delegationId: string };
  readonly limit: number;
}

/** Delegations of a project, newest first. */
export async function listDelegations(store: Store, scope: Scope, filter: DelegationFilter): Promise<DelegationRow[]> {
  const { principal, activeAtMs, cursor, limit } = filter;
  const named = principal === undefined ? undefined : storableText(principal);
  return store.database
    .select()
    .from(delegations)
    .where(
      and(
        eq(delegations.tenant, scope.tenant),
        eq(delegations.project, scope.project),
        named === undefined ? undefined : or(eq(delegations.from, named), eq(delegations.to, named)),
        activeAtMs === undefined ? undefined : and(isNull(delegations.endedAt), gt(delegations.until, activeAtMs)),
        cursor &&
          sql`(${delegations.createdAt}, ${delegations.delegationId}) < (${cursor.createdAt}, ${cursor.delegationId})`,
      ),
    )
    .orderBy(desc(delegations.createdAt), desc(delegations.delegationId))
    .limit(limit);
}

const TO = {
  name: 'delegations_to_1',
  text: `SELECT d.from_principal,
      coalesce(array_agg(DISTINCT g.name ORDER BY g.name) FILTER (WHERE g.name IS NOT NULL), '{}') AS groups
    FROM delegations d
    LEFT JOIN LATERAL (
      SELECT unnest(c.groups) AS name FROM credentials c
       WHERE c.tenant = d.tenant AND c.principal = d.from_principal AND c.kind = 'person' AND d.project = ANY (c.projects)
         AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > $4)) g
      ON d.groups IS NULL OR g.name = ANY (d.groups)
    WHERE d.tenant = $1 AND d.project = $2 AND d.to_principal = $3 AND d.ended_at IS NULL AND d.until > $4
    GROUP BY d.from_principal ORDER BY d.from_principal`,
};

/**
 * Who has handed their part to a principal now, each with the groups that go along: those of their live credentials for
 * this project, less what the delegation leaves out. It goes one step only: what somebody was handed cannot be handed on.
 */
export async function delegationsTo(
  store: Store,
  tenant: string,
  project: string,
  principal: string,
  nowMs: number,
): Promise<{ readonly from: string; readonly groups: string[] }[]> {
  const rows = await execute(store, TO, [tenant, project, storableText(principal), nowMs]);
  return (rows as { from_principal: string; groups: string[] }[]).map((row) => ({
    from: row.from_principal,
    groups: row.groups,
  }));
}
