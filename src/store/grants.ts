import { and, desc, eq, sql } from 'drizzle-orm';
import type { GrantScope } from '../domain/schemas/approval.ts';
import type { SignedCommand } from '../domain/schemas/command.ts';
import type { BlobRef, Scope } from '../domain/schemas/names.ts';
import { auditParameters } from './audit-events.ts';
import type { NewAuditEvent } from './audit-events.ts';
import { blobParameters, rememberBlobs } from './blobs.ts';
import type { NewBlob } from './blobs.ts';
import { execute, storedBy } from './database.ts';
import type { Statement, Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { grants } from './schema/grants.ts';
import { storableText } from './storable-text.ts';

/** A pre-approval of calls. `proposed`: the decision that it came with has not won. */
export interface GrantRow extends Scope {
  readonly grantId: string;
  readonly state: 'proposed' | 'live' | 'revoked';
  readonly scope: GrantScope;
  /** The run or conversation that it holds for. */
  readonly scopeId: string | null;
  readonly agent: string;
  readonly agentDigest: string;
  readonly policyDigest: string;
  /** Whose runs. */
  readonly requester: string;
  readonly tool: string;
  readonly definitionDigest: string;
  readonly constraintsRef: BlobRef;
  readonly expiresAt: number;
  readonly maxUses: number;
  readonly uses: number;
  readonly createdBy: string;
  readonly createdAt: number;
  /** The decision and the run that it came from; null where an operator made it. */
  readonly decisionId: string | null;
  readonly runId: string | null;
  readonly revokedAt: number | null;
  /** Null where it is not revoked, or where it went with a decision that was void. */
  readonly revokedBy: string | null;
  readonly signed: SignedCommand;
}

const PUT = { name: 'put_grant_1', text: 'SELECT put_grant($1, $2, $3) AS stored' };

/** Keeps a grant that lives once the decision named in it has won. False where there is one of this id already: it stands. */
export const proposeGrant = (store: Store, grant: GrantRow, blobs: readonly NewBlob[]): Promise<boolean> =>
  put(store, PUT, { ...grant, state: 'proposed' }, blobs);

const CREATE = { name: 'create_grant_1', text: 'SELECT create_grant($1, $2, $3, $4, $5, $6) AS stored' };

/** Keeps a grant that lives at once. False where there is one of this id already: it stands, and nothing is told. */
export const createGrant = (
  store: Store,
  grant: GrantRow,
  blobs: readonly NewBlob[],
  told: NewAuditEvent,
): Promise<boolean> => put(store, CREATE, { ...grant, state: 'live' }, blobs, auditParameters(grant.tenant, [told]));

async function put(
  store: Store,
  statement: Statement,
  grant: GrantRow,
  blobs: readonly NewBlob[],
  told: readonly unknown[] = [],
): Promise<boolean> {
  const values = [JSON.stringify(rowOf(grant)), ...blobParameters(blobs), ...told];
  const stored = await storedBy(store, statement, values);
  if (stored) rememberBlobs(store, grant.tenant, blobs);
  return stored;
}

/** In the column names of the table, for `jsonb_populate_record`. Nothing is used or revoked yet. */
const rowOf = (grant: GrantRow): Record<string, unknown> => ({
  tenant: grant.tenant,
  project: grant.project,
  grant_id: grant.grantId,
  state: grant.state,
  scope: grant.scope,
  scope_id: grant.scopeId === null ? null : storableText(grant.scopeId),
  agent: grant.agent,
  agent_digest: grant.agentDigest,
  policy_digest: grant.policyDigest,
  requester: storableText(grant.requester),
  tool: storableText(grant.tool),
  definition_digest: grant.definitionDigest,
  constraints_sha256: `\\x${grant.constraintsRef.sha256}`,
  constraints_bytes: grant.constraintsRef.bytes,
  expires_at: grant.expiresAt,
  max_uses: grant.maxUses,
  uses: 0,
  created_by: storableText(grant.createdBy),
  created_at: grant.createdAt,
  decision_id: grant.decisionId,
  run_id: grant.runId,
  bytes: grant.signed.bytes,
  jws: grant.signed.jws,
});

const REVOKE = {
  name: 'revoke_grant_2',
  text: 'SELECT g.* FROM revoke_grant($1, $2, $3, $4, $5, $6, $7, $8) g',
};

/** From its return on, no use of it is taken. Undefined where there is none to revoke, or it was revoked before. */
export async function revokeGrant(
  store: Store,
  scope: Scope,
  grantId: string,
  by: { readonly principal: string; readonly nowMs: number },
  told: NewAuditEvent,
): Promise<GrantRow | undefined> {
  const { tenant, project } = scope;
  const values = [tenant, project, storableText(grantId), storableText(by.principal), by.nowMs];
  const [row] = await execute(store, REVOKE, [...values, ...auditParameters(tenant, [told])]);
  return row === undefined ? undefined : grantFrom(decodeRow(grants, row));
}

const GET = {
  name: 'get_grant_1',
  text: 'SELECT g.* FROM grants g WHERE g.tenant = $1 AND g.project = $2 AND g.grant_id = $3',
};

export async function getGrant(store: Store, scope: Scope, grantId: string): Promise<GrantRow | undefined> {
  const [row] = await execute(store, GET, [scope.tenant, scope.project, storableText(grantId)]);
  return row === undefined ? undefined : grantFrom(decodeRow(grants, row));
}

export interface GrantFilter {
  readonly agent?: string;
  readonly requester?: string;
  readonly tool?: string;
  readonly state?: GrantRow['state'];
  /** The last grant of the page before. */
  readonly cursor?: { readonly createdAt: number; readonly grantId: string };
  readonly limit: number;
}

/** Grants of a project, newest first. */
export async function listGrants(store: Store, scope: Scope, filter: GrantFilter): Promise<GrantRow[]> {
  const { agent, requester, tool, state, cursor, limit } = filter;
  const rows = await store.database
    .select()
    .from(grants)
    .where(
      and(
        eq(grants.tenant, scope.tenant),
        eq(grants.project, scope.project),
        agent === undefined ? undefined : eq(grants.agent, storableText(agent)),
        requester === undefined ? undefined : eq(grants.requester, storableText(requester)),
        tool === undefined ? undefined : eq(grants.tool, storableText(tool)),
        state && eq(grants.state, state),
        cursor && sql`(${grants.createdAt}, ${grants.grantId}) < (${cursor.createdAt}, ${cursor.grantId})`,
      ),
    )
    .orderBy(desc(grants.createdAt), desc(grants.grantId))
    .limit(limit);
  return rows.map(grantFrom);
}

const CANDIDATES = {
  name: 'candidate_grants_1',
  text: `SELECT g.* FROM grants g
    WHERE g.tenant = $1 AND g.project = $2 AND g.requester = $3 AND g.agent_digest = $4 AND g.policy_digest = $5
      AND g.state = 'live' AND g.expires_at > $8 AND g.uses < g.max_uses
      AND CASE g.scope WHEN 'run' THEN g.scope_id = $6 WHEN 'conversation' THEN g.scope_id = $7 ELSE true END
    ORDER BY g.expires_at, g.grant_id`,
};

/** Live grants that may cover calls of a run, the first to expire first. Whether they do is for tool and arguments to say. */
export async function candidateGrants(
  store: Store,
  scope: Scope,
  of: {
    readonly requester: string;
    readonly agentDigest: string;
    readonly policyDigest: string;
    readonly runId: string;
    readonly conversationId: string | null;
    readonly nowMs: number;
  },
): Promise<GrantRow[]> {
  const rows = await execute(store, CANDIDATES, [
    scope.tenant,
    scope.project,
    storableText(of.requester),
    of.agentDigest,
    of.policyDigest,
    of.runId,
    of.conversationId === null ? null : storableText(of.conversationId),
    of.nowMs,
  ]);
  return rows.map((row) => grantFrom(decodeRow(grants, row)));
}

function grantFrom(row: typeof grants.$inferSelect): GrantRow {
  const { constraintsSha256, constraintsBytes, bytes, jws, ...grant } = row;
  return {
    ...grant,
    constraintsRef: { sha256: constraintsSha256.toString('hex'), bytes: constraintsBytes },
    signed: { bytes, jws },
  };
}
