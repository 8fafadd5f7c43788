import { Session, StartSession } from '../../../contract/session.ts';
import { newSessionToken } from '../../../platform/session-token.ts';
import { startSession } from '../../../store/sessions.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { setSessionCookie } from '../../identity/session-cookie.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { sessionView } from './session-view.ts';

/** Signs a person in: a browser keeps the cookie and never the key. */
export function registerStartSession(app: ApiServer, api: Api): void {
  app.post('/v1/session', {
    config: { action: 'session.start' },
    schema: {
      operationId: 'startSession',
      tags: ['session'],
      summary: 'Sign in with a browser',
      description:
        'With an API key or a token in `Authorization`. Sets a cookie that scripts cannot read; the session has the ' +
        'rights of the credential, decides by the channel `inbox`, and ends with it. Each request starts another one.',
      headers: CommandHeaders,
      body: StartSession.optional(),
      response: {
        201: json('Signed in', Session),
        ...problems('malformed_json', 'service_cannot_decide', 'payload_too_large', 'unsupported_media_type'),
      },
    },
    handler: async ({ caller }, reply) => {
      // A session that begins another would never have to end.
      if (caller.sessionId !== undefined) {
        throw new HttpProblem('unauthenticated', { detail: 'Sign in with an API key or a token, not with a session.' });
      }
      const nowMs = await api.clock.nowMs();
      const { own, scope, projects, roles, endsAtMs } = caller;
      const { id, cookie, secret, secretHash } = newSessionToken();
      const expiresAt = Math.min(nowMs + api.limits.sessionMaxMs, endsAtMs ?? Infinity);
      const { principal, groups, credentialId, createdBy = null, makers = [] } = own;
      // The project that the request names is the one that is meant from now on.
      const inOrder = [scope.project, ...projects.filter((project) => project !== scope.project)];
      const rights = { tenant: scope.tenant, projects: inOrder, principal, roles, groups, createdBy, makers };
      const times = { createdAt: nowMs, lastUsedAt: nowMs, expiresAt, endedAt: null };
      const data = { project: scope.project, sessionId: id, principal, credentialId, expiresAt };
      const told = { type: 'session.started', at: nowMs, actor: own, data };
      await startSession(api.store, { id, secretHash, credentialId, ...rights, ...times }, told);
      setSessionCookie(api, reply, cookie, expiresAt - nowMs);
      reply.code(201).header('cache-control', 'no-store').header('location', '/v1/session');
      return reply.send(
        sessionView(api, { ...caller, projects: inOrder }, { sessionId: id, secret, expiresAtMs: expiresAt }),
      );
    },
  });
}
