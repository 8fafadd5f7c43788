import { Session } from '../../../contract/session.ts';
import { parseSessionToken } from '../../../platform/session-token.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { sessionCookie } from '../../identity/session-cookie.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { sessionView } from './session-view.ts';

export function registerGetSession(app: ApiServer, api: Api): void {
  app.get('/v1/session', {
    config: { action: 'session.read' },
    schema: {
      operationId: 'getSession',
      tags: ['session'],
      summary: 'Who is signed in',
      description: 'With the token that requests by the cookie need where they change something.',
      response: { 200: json('The session of the cookie', Session), ...problems('session_not_found') },
    },
    handler: async (request, reply) => {
      const { caller } = request;
      const presented = parseSessionToken(sessionCookie(api, request));
      if (caller.sessionId === undefined || !presented || caller.endsAtMs === null) {
        throw new HttpProblem('session_not_found');
      }
      reply.header('cache-control', 'no-store').header('vary', 'Cookie');
      const shown = { sessionId: caller.sessionId, secret: presented.secret, expiresAtMs: caller.endsAtMs };
      return sessionView(api, caller, shown);
    },
  });
}
