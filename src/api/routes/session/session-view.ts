import type { Session } from '../../../contract/session.ts';
import { csrfTokenOf } from '../../../platform/session-token.ts';
import type { Api, Caller } from '../../dependencies.ts';
import { timestamp } from '../../views/time.ts';

export interface ShownSession {
  readonly sessionId: string;
  readonly secret: string;
  readonly expiresAtMs: number;
}

export function sessionView(
  api: Api,
  { own, scope, projects, roles }: Caller,
  { sessionId, secret, expiresAtMs }: ShownSession,
): Session {
  return {
    sessionId,
    principal: own.principal,
    ...scope,
    projects: [...projects],
    roles: [...roles],
    groups: own.groups,
    expiresAt: timestamp(expiresAtMs),
    idleSeconds: Math.floor(api.limits.sessionIdleMs / 1_000),
    csrfToken: csrfTokenOf(secret),
  };
}
