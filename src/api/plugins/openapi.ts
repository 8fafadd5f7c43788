/** The contract as OpenAPI, generated from the routes' schemas, and a page to read it. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { ApiServer } from '../server-type.ts';
import { tidyOpenApi } from './tidy-openapi.ts';

const DESCRIPTION = `Durable runs of AI agents, with people's consent between an agent and what it does.

Times are RFC 3339 in UTC. Enums and event types are open: expect new values. Lists are paged by \`cursor\`.
Errors are problems (RFC 9457) with a stable \`code\`; each code has a page under \`/docs/errors/\`.
Every POST takes an \`Idempotency-Key\`: repeat a request with its key and it has one effect.`;

/** What a route needs stands with it: the action, for which docs/reference/authorisation.md names the roles. */
const withAction: typeof jsonSchemaTransform = (given) => {
  const { schema, url } = jsonSchemaTransform(given);
  const { action, public: isPublic } = given.route.config ?? {};
  const security = isPublic === true ? { security: [] } : {};
  return { url, schema: { ...schema, ...security, ...(action !== undefined && { 'x-action': action }) } };
};

export async function registerOpenApi(app: ApiServer, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Countersign', version, description: DESCRIPTION, license: { name: 'Apache-2.0' } },
      tags: [
        { name: 'runs', description: 'Start, watch, block and cancel runs; say how parked calls go on' },
        { name: 'approvals', description: 'See what asks for consent, and decide it' },
        { name: 'brakes', description: 'Stop what agents do, at once' },
        { name: 'grants', description: 'Consent beforehand, within bounds' },
        { name: 'delegations', description: 'Let others decide in one’s place for a time' },
        { name: 'audit', description: 'Take the evidence away, to check it elsewhere' },
        { name: 'keys', description: 'Who may ask for what' },
        { name: 'session', description: 'Sign in and out with a browser' },
        { name: 'agents', description: 'What runs can be started of' },
        { name: 'system', description: 'Health and keys; public' },
      ],
      components: {
        securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: `cs_<id>_<secret>`' } },
      },
      security: [{ apiKey: [] }],
    },
    transform: withAction,
    transformObject: (document) => tidyOpenApi(jsonSchemaTransformObject(document)),
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // The bar on top is for choosing among documents; there is one.
    theme: { title: 'Countersign API', css: [{ filename: 'countersign.css', content: '.topbar { display: none; }' }] },
  });
  app.get('/openapi.json', { config: { public: true }, schema: { hide: true } }, async () => app.swagger());
}
