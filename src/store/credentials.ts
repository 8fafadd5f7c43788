import { eq, sql } from 'drizzle-orm';
import type { Role } from '../domain/schemas/actor.ts';
import type { Store } from './database.ts';
import { credentials } from './schema/credentials.ts';

/** An API key as it is stored: the secret itself is never here. */
export interface Credential {
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
}

export async function createCredential(store: Store, credential: Credential): Promise<void> {
  const { projects, roles, groups, ...rest } = credential;
  await store.database
    .insert(credentials)
    .values({ ...rest, projects: [...projects], roles: [...roles], groups: [...groups] });
}

/** By id alone: the credential is what says which tenant its bearer belongs to. Expiry and revocation are the caller's to judge. */
export async function findCredential(store: Store, id: string): Promise<Credential | undefined> {
  const [row] = await store.database.select().from(credentials).where(eq(credentials.id, id));
  return row;
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
