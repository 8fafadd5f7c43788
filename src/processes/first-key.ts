/** The first admin key of an installation: stored hashed, kept for the CLI in the state directory, shown once. */
import { userInfo } from 'node:os';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scope } from '../domain/schemas/names.ts';
import { newApiKey } from '../platform/api-key.ts';
import { anyCredentialExists, issueCredential } from '../store/credentials.ts';
import type { NewCredential } from '../store/credentials.ts';
import type { Store } from '../store/database.ts';

/** Where the CLI finds address and key. */
export const clientFile = (stateDirectory: string): string => join(stateDirectory, 'client.json');

/** In a container, whoever runs it may have no name. */
const userName = (): string => {
  try {
    return userInfo().username;
  } catch {
    return 'admin';
  }
};

/** True where a key was made: there was none of any kind before. */
export const makeFirstKey = async (
  store: Store,
  options: { readonly scope: Scope; readonly stateDirectory: string; readonly url: string; readonly nowMs: number },
): Promise<boolean> => {
  if (await anyCredentialExists(store)) return false;
  const { scope, stateDirectory, url, nowMs } = options;
  const { id, key, secretHash } = newApiKey();
  const credential: NewCredential = {
    id,
    tenant: scope.tenant,
    projects: [scope.project],
    principal: userName(),
    kind: 'person',
    roles: ['requester', 'approver', 'operator', 'auditor', 'admin'],
    groups: [],
    secretHash,
    createdBy: null,
    createdAt: nowMs,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    label: 'first key',
    // The command line and everything else on this machine use it: it claims no more than they all can.
    channel: 'api',
  };
  const { principal, kind, roles, groups, projects, channel, expiresAt } = credential;
  const rights = { principal, kind, roles, groups, projects, channel, expiresAt };
  const told = { type: 'key.created', at: nowMs, data: { project: scope.project, keyId: id, ...rights } };
  await issueCredential(store, credential, told);
  await writeFile(clientFile(stateDirectory), JSON.stringify({ url, apiKey: key }), { mode: 0o600 });
  return true;
};
