/** The contract as OpenAPI, generated from the routes' schemas, and a page to read it. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ApiServer } from '../server-type.ts';
import { tidyOpenApi } from './tidy-openapi.ts';

const DESCRIPTION = `Durable runs of AI agents, with people's consent between an agent and what it does.

Times are RFC 3339 in UTC. Enums and event types are open: expect new values. Lists are paged by \`cursor\`.
Errors are problems (RFC 9457) with a stable \`code\`; each code has a page under \`/docs/errors/\`.
Every POST takes an \`Idempotency-Key\`: repeat a request with its key and it has one effect.

**Streams** (\`Accept: text/event-stream\`): keep the \`id\` of the last event you have dealt with. When the connection breaks,
or after \`stream.closed\`, ask again with \`Last-Event-ID\`, on any replica, after \`retry\` milliseconds, and twice as long
after each failure, up to a minute. Nothing is lost or repeated. After \`stream.end\` there is nothing more to come: do not
reconnect. A stream that has been silent for 45 seconds is broken: a comment comes every 15.

**Limits**: \`RateLimit-Remaining\` says how many requests are left in this minute. 429 and 503 carry \`Retry-After\`: wait so
long, then repeat the request with the same \`Idempotency-Key\`. While Temporal cannot be reached, reads go on from the store
and say so with \`Countersign-Data-Age\`.`;

/** What a route needs stands with it: the action, for which docs/reference/authorisation.md names the roles. */
const withAction: typeof jsonSchemaTransform = (given) => {
  const { schema, url } = jsonSchemaTransform(given);
  const { action, public: isPublic } = given.route.config ?? {};
  const security = isPublic === true ? { security: [] } : {};
  return { url, schema: { ...schema, ...security, ...(action !== undefined && { 'x-action': action }) } };
};

export async function registerOpenApi(app: ApiServer, version: string): Promise<void> {
  /** The document generator takes every body for required. */
  const optionalBodies = new Set<string>();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Countersign', version, description: DESCRIPTION, license: { name: 'Apache-2.0' } },
      tags: [
        { name: 'runs', description: 'Start, watch, block and cancel runs; say how parked calls go on' },
        { name: 'tool workers', description: 'Carry out calls from task queues, in any language' },
        { name: 'approvals', description: 'See what asks for consent, and decide it' },
        { name: 'brakes', description: 'Stop what agents do, at once' },
        { name: 'grants', description: 'Consent beforehand, within bounds' },
        { name: 'delegations', description: 'Let others decide in one’s place for a time' },
        { name: 'audit', description: 'Take the evidence away, to check it elsewhere' },
        { name: 'keys', description: 'Who may ask for what' },
        { name: 'session', description: 'Sign in and out with a browser' },
        { name: 'agents', description: 'What runs can be started of' },
        { name: 'workers', description: 'Who carries runs on, and which runs nobody does' },
        { name: 'system', description: 'Health and keys; public' },
      ],
      components: {
        securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: `cs_<id>_<secret>`' } },
      },
      security: [{ apiKey: [] }],
    },
    transform: (route) => {
      const { operationId, body } = (route.schema ?? {}) as { operationId?: string; body?: unknown };
      if (operationId !== undefined && body instanceof z.ZodOptional) optionalBodies.add(operationId);
      return withAction(route);
    },
    transformObject: (document) => tidyOpenApi(jsonSchemaTransformObject(document), optionalBodies),
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // The bar on top is for choosing among documents; there is one.
    theme: {
      title: 'Countersign API',
      css: [{ filename: 'countersign.css', content: '.swagger-ui .topbar { display: none; }' }],
    },
  });
  app.get('/openapi.json', { config: { public: true }, schema: { hide: true } }, async () => app.swagger());
}
