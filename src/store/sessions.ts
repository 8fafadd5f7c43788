import { eq, sql } from 'drizzle-orm';
import type { Role } from '../domain/schemas/actor.ts';
import { auditBody } from './audit-events.ts';
import type { NewAuditEvent } from './audit-events.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { sessions } from './schema/sessions.ts';
import { storableText } from './storable-text.ts';

/** A person who has signed in with a browser. The secret of its cookie is never here. */
export interface SessionRow {
  readonly id: string;
  readonly secretHash: string;
  readonly tenant: string;
  readonly projects: readonly string[];
  readonly principal: string;
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  /** The key or token that it was begun with. */
  readonly credentialId: string;
  readonly createdBy: string | null;
  readonly makers: readonly string[];
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
  readonly endedAt: number | null;
}

const START = { name: 'start_session_1', text: 'SELECT start_session($1, $2, $3)' };

/** Signs in: the session and its line in the tenant's chain, or neither. */
export async function startSession(store: Store, session: SessionRow, told: NewAuditEvent): Promise<void> {
  await execute(store, START, [JSON.stringify(rowOf(session)), told.at, Buffer.from(auditBody(session.tenant, told))]);
}

/** In the column names of the table, for `jsonb_populate_record`. */
const rowOf = (session: SessionRow): Record<string, unknown> => ({
  id: session.id,
  secret_hash: session.secretHash,
  tenant: session.tenant,
  projects: session.projects,
  principal: storableText(session.principal),
  roles: session.roles,
  groups: session.groups.map(storableText),
  credential_id: session.credentialId,
  created_by: session.createdBy,
  makers: session.makers,
  created_at: session.createdAt,
  last_used_at: session.lastUsedAt,
  expires_at: session.expiresAt,
});

/** By id alone: the session is what says which tenant it belongs to. Whether it is live is the caller's to judge. */
export async function findSession(store: Store, id: string): Promise<SessionRow | undefined> {
  const [row] = await store.database.select().from(sessions).where(eq(sessions.id, id));
  return row;
}

/** Notes that a session was used. Its time never goes back. */
export async function touchSession(store: Store, id: string, nowMs: number): Promise<void> {
  await store.database
    .update(sessions)
    .set({ lastUsedAt: nowMs })
    .where(sql`${sessions.id} = ${id} and ${sessions.lastUsedAt} < ${nowMs} and ${sessions.endedAt} is null`);
}

const END = { name: 'end_session_1', text: 'SELECT end_session($1, $2, $3, $4) AS ended' };

/** Signs out. False where the session was over before. */
export async function endSession(
  store: Store,
  { tenant, id }: Pick<SessionRow, 'tenant' | 'id'>,
  told: NewAuditEvent,
): Promise<boolean> {
  const [row] = (await execute(store, END, [tenant, id, told.at, Buffer.from(auditBody(tenant, told))])) as [
    { ended: boolean },
  ];
  return row.ended;
}
