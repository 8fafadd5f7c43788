/** One line a request: what, how long, by whom. No query strings, header values or content. */
import type { ApiServer } from '../server-type.ts';

export function registerRequestLog(app: ApiServer): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        // The pattern, not the path: ids are in the fields of other events.
        route: request.is404 ? undefined : request.routeOptions.url,
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 10) / 10,
        credentialId: request.caller?.actor.credentialId,
      },
      'http.request_completed',
    );
  });
}
