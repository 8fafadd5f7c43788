import { EndedSession } from '../../../contract/session.ts';
import { endSession } from '../../../store/sessions.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { clearSessionCookie } from '../../identity/session-cookie.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';

/** Signs out: the session and the streams that it has open end at once. */
export function registerEndSession(app: ApiServer, api: Api): void {
  app.delete('/v1/session', {
    config: { action: 'session.end' },
    schema: {
      operationId: 'endSession',
      tags: ['session'],
      summary: 'Sign out',
      description: 'Ends the session that the request came with; its cookie is cleared. Its open streams are closed.',
      headers: CommandHeaders,
      response: { 200: json('Signed out', EndedSession), ...problems('session_not_found', 'forged_request') },
    },
    handler: async ({ caller }, reply) => {
      const { sessionId, own, scope } = caller;
      if (sessionId === undefined) throw new HttpProblem('session_not_found');
      const nowMs = await api.clock.nowMs();
      const data = { project: scope.project, sessionId, principal: own.principal, credentialId: own.credentialId };
      const told = { type: 'session.ended', at: nowMs, actor: own, data };
      await endSession(api.store, { tenant: scope.tenant, id: sessionId }, told);
      clearSessionCookie(api, reply);
      return reply.send({ sessionId, ended: true as const });
    },
  });
}
