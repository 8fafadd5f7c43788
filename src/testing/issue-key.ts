import type { Role } from '../domain/schemas/actor.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { newApiKey } from '../platform/api-key.ts';
import { createCredential } from '../store/credentials.ts';
import type { NewCredential } from '../store/credentials.ts';
import type { Store } from '../store/database.ts';

const ALL_ROLES: readonly Role[] = ['requester', 'approver', 'operator', 'auditor', 'admin'];

export interface IssuedKey {
  readonly key: string;
  readonly id: string;
  readonly principal: string;
}

/** An API key of a person with every role, or as it is said. */
export async function issueKey(
  store: Store,
  scope: Scope,
  { principal, ...changes }: Partial<NewCredential> & Pick<NewCredential, 'principal'>,
): Promise<IssuedKey> {
  const { id, key, secretHash } = newApiKey();
  await createCredential(store, {
    id,
    tenant: scope.tenant,
    projects: [scope.project],
    principal,
    kind: 'person',
    roles: ALL_ROLES,
    groups: [],
    secretHash,
    createdBy: null,
    createdAt: Date.now(),
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ...changes,
  });
  return { key, id, principal };
}
