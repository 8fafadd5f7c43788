import { and, arrayOverlaps, desc, eq, gt, isNotNull, isNull, lte, or, sql } from 'drizzle-orm';
import type { Channel, Role } from '../domain/schemas/actor.ts';
import { auditBody } from './audit-events.ts';
import type { NewAuditEvent } from './audit-events.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { credentials } from './schema/credentials.ts';
import { storableText } from './storable-text.ts';

/** An API key as it is made: the secret itself is never here. */
export interface NewCredential {
  readonly id: string;
  readonly tenant: string;
  readonly projects: readonly string[];
  readonly principal: string;
  readonly kind: 'person' | 'service';
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  readonly secretHash: string;
  /** Principal who made the key; null for the first one. */
  readonly createdBy: string | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
  readonly label?: string | null;
  /** The way that commands given with it come in. @default 'api' */
  readonly channel?: Channel;
  /** Everybody but its principal who could know a secret of it, through however many keys. */
  readonly makers?: readonly string[];
  /** Of the request that made it: tells a repetition from another request under the same Idempotency-Key. */
  readonly requestDigest?: string | null;
}

export interface Credential extends Required<NewCredential> {
  readonly revokedBy: string | null;
  readonly rotatedAt: number | null;
  /** Names the request that rotated it last. */
  readonly rotationId: string | null;
  /** The secret before the last rotation, as long as it counts. */
  readonly previousHash: string | null;
  readonly previousUntil: number | null;
}

/** Stores a key without a word in the tenant's chain: for what no person asked for. */
export async function createCredential(store: Store, credential: NewCredential): Promise<void> {
  const { projects, roles, groups, makers = [], ...rest } = credential;
  await store.database
    .insert(credentials)
    .values({ ...rest, projects: [...projects], roles: [...roles], groups: [...groups], makers: [...makers] });
}

const ISSUE = { name: 'create_credential_1', text: 'SELECT create_credential($1, $2, $3) AS stored' };

/** Stores a key and tells the tenant's chain of it, or neither. False where there is one of this id: it stands. */
export async function issueCredential(store: Store, credential: NewCredential, told: NewAuditEvent): Promise<boolean> {
  const row = JSON.stringify(rowOf(credential));
  const values = [row, told.at, Buffer.from(auditBody(credential.tenant, told))];
  const [result] = (await execute(store, ISSUE, values)) as [{ stored: boolean }];
  return result.stored;
}

/** In the column names of the table, for `jsonb_populate_record`. */
const rowOf = (credential: NewCredential): Record<string, unknown> => ({
  id: credential.id,
  tenant: credential.tenant,
  projects: credential.projects,
  principal: storableText(credential.principal),
  kind: credential.kind,
  roles: credential.roles,
  groups: credential.groups.map(storableText),
  secret_hash: credential.secretHash,
  created_by: credential.createdBy === null ? null : storableText(credential.createdBy),
  created_at: credential.createdAt,
  expires_at: credential.expiresAt,
  label: credential.label ? storableText(credential.label) : null,
  channel: credential.channel ?? 'api',
  makers: (credential.makers ?? []).map(storableText),
  request_digest: credential.requestDigest ?? null,
});

export interface Rotation {
  readonly secretHash: string;
  /** The old secret counts until then; a time that has passed ends it at once. */
  readonly previousUntil: number;
  /** Who sees the new secret, and everybody who could act as them. */
  readonly makers: readonly string[];
  readonly rotationId: string;
}

const ROTATE = {
  name: 'rotate_credential_1',
  text: 'SELECT * FROM rotate_credential($1, $2, $3, $4, $5, $6, $7, $8)',
};

/** Undefined where there is no live key of this id in the tenant, or this request has rotated it before. */
export async function rotateCredential(
  store: Store,
  { tenant, id }: Pick<Credential, 'tenant' | 'id'>,
  { secretHash, previousUntil, makers, rotationId }: Rotation,
  told: NewAuditEvent,
): Promise<Credential | undefined> {
  const names = makers.map(storableText);
  const body = Buffer.from(auditBody(tenant, told));
  const values = [tenant, id, secretHash, previousUntil, names, rotationId, told.at, body];
  const [row] = await execute(store, ROTATE, values);
  return row === undefined ? undefined : decodeRow(credentials, row);
}

const REVOKE = { name: 'revoke_credential_1', text: 'SELECT * FROM revoke_credential($1, $2, $3, $4, $5)' };

/** Ends it and its sessions. Undefined where there is no live key of this id in the tenant. */
export async function revokeCredential(
  store: Store,
  { tenant, id }: Pick<Credential, 'tenant' | 'id'>,
  by: string,
  told: NewAuditEvent,
): Promise<Credential | undefined> {
  const values = [tenant, id, storableText(by), told.at, Buffer.from(auditBody(tenant, told))];
  const [row] = await execute(store, REVOKE, values);
  return row === undefined ? undefined : decodeRow(credentials, row);
}

/** By id alone: the credential is what says which tenant its bearer belongs to. Expiry and revocation are the caller's to judge. */
export async function findCredential(store: Store, id: string): Promise<Credential | undefined> {
  const [row] = await store.database.select().from(credentials).where(eq(credentials.id, id));
  return row;
}

export interface CredentialFilter {
  /** Keys that open any of these. */
  readonly projects?: readonly string[];
  readonly principal?: string;
  readonly kind?: 'person' | 'service';
  readonly state?: 'live' | 'expired' | 'revoked';
  readonly nowMs: number;
  /** The last one of the page before. */
  readonly cursor?: { readonly createdAt: number; readonly id: string };
  readonly limit: number;
}

/** Keys of a tenant, newest first. */
export async function listCredentials(store: Store, tenant: string, filter: CredentialFilter): Promise<Credential[]> {
  const { principal, kind, state, projects, nowMs, cursor, limit } = filter;
  const { revokedAt, expiresAt } = credentials;
  const states = {
    live: and(isNull(revokedAt), or(isNull(expiresAt), gt(expiresAt, nowMs))),
    expired: and(isNull(revokedAt), lte(expiresAt, nowMs)),
    revoked: isNotNull(revokedAt),
  };
  return store.database
    .select()
    .from(credentials)
    .where(
      and(
        eq(credentials.tenant, tenant),
        principal === undefined ? undefined : eq(credentials.principal, storableText(principal)),
        kind && eq(credentials.kind, kind),
        state && states[state],
        projects && arrayOverlaps(credentials.projects, [...projects]),
        cursor && sql`(${credentials.createdAt}, ${credentials.id}) < (${cursor.createdAt}, ${cursor.id})`,
      ),
    )
    .orderBy(desc(credentials.createdAt), desc(credentials.id))
    .limit(limit);
}

const TOUCH_INTERVAL_MS = 60_000;

/** Notes that a credential was used, to the minute: a busy key does not mean a write a request. */
export async function touchCredential(store: Store, id: string, nowMs: number): Promise<void> {
  await store.database
    .update(credentials)
    .set({ lastUsedAt: nowMs })
    .where(sql`${credentials.id} = ${id} and coalesce(${credentials.lastUsedAt}, 0) <= ${nowMs - TOUCH_INTERVAL_MS}`);
}

/** Whether this deployment has any key at all, of any tenant. */
export async function anyCredentialExists(store: Store): Promise<boolean> {
  const rows = await store.database.select({ id: credentials.id }).from(credentials).limit(1);
  return rows.length > 0;
}
