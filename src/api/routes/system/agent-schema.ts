import { readFile } from 'node:fs/promises';
import type { ApiServer } from '../../server-type.ts';

const FILE = new URL('../../../../docs/reference/agent.schema.json', import.meta.url);

/** What `$schema` of an agent's file may name, so that editors know its fields. */
export function registerAgentSchema(app: ApiServer): void {
  app.get('/schemas/agent.json', { config: { public: true }, schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/schema+json').send(await readFile(FILE, 'utf8')),
  );
}
