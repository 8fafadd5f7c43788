import type { NewAuditEvent } from '../../../store/audit-events.ts';
import type { NewCredential } from '../../../store/credentials.ts';
import type { Caller } from '../../dependencies.ts';

/** What the tenant's chain says of a key: all that it may do, nothing of its secret. */
export function toldOfKey(
  type: 'key.created' | 'key.rotated' | 'key.revoked',
  { own, scope }: Caller,
  key: NewCredential,
  nowMs: number,
  more: object = {},
): NewAuditEvent {
  const { id: keyId, principal, kind, roles, groups, projects, channel, expiresAt } = key;
  const rights = { principal, kind, roles, groups, projects, channel, expiresAt };
  return { type, at: nowMs, actor: own, data: { project: scope.project, keyId, ...rights, ...more } };
}
