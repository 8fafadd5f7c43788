import type { Key } from '../../../contract/keys.ts';
import { apiKeyPrefix } from '../../../platform/api-key.ts';
import type { Credential } from '../../../store/credentials.ts';
import { timestamp, timestampOrNull } from '../../views/time.ts';

export const keyPath = (keyId: string): string => `/v1/keys/${keyId}`;

/** Without anything from which its secret could be learned. */
export function keyView(key: Credential, nowMs: number): Key {
  const { id, label, principal, kind, roles, groups, projects, channel, createdBy, revokedBy } = key;
  return {
    keyId: id,
    prefix: apiKeyPrefix(id),
    status: statusOf(key, nowMs),
    label,
    principal,
    kind,
    roles: [...roles],
    groups: [...groups],
    projects: [...projects],
    channel,
    createdBy,
    createdAt: timestamp(key.createdAt),
    expiresAt: timestampOrNull(key.expiresAt),
    lastUsedAt: timestampOrNull(key.lastUsedAt),
    rotatedAt: timestampOrNull(key.rotatedAt),
    previousUntil: key.previousUntil !== null && nowMs < key.previousUntil ? timestamp(key.previousUntil) : null,
    revokedAt: timestampOrNull(key.revokedAt),
    revokedBy,
    links: { self: keyPath(id) },
  };
}

export function statusOf({ revokedAt, expiresAt }: Credential, nowMs: number): Key['status'] {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= nowMs ? 'expired' : 'live';
}
