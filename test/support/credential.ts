import type { Role } from '../../src/domain/schemas/actor.ts';
import type { Scope } from '../../src/domain/schemas/names.ts';
import { newApiKey } from '../../src/platform/api-key.ts';
import { createCredential } from '../../src/store/credentials.ts';
import type { Store } from '../../src/store/database.ts';

const ALL_ROLES: readonly Role[] = ['requester', 'approver', 'operator', 'auditor', 'admin'];

/** An API key of a person with every role. */
export async function createKey(store: Store, scope: Scope, principal: string): Promise<string> {
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
  });
  return key;
}
