import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isProblemCode } from '../../../contract/problem.ts';
import { HttpProblem } from '../../http-problem.ts';
import type { ApiServer } from '../../server-type.ts';

const Params = z.strictObject({ code: z.string().regex(/^[a-z_]{1,50}$/) });
const PAGES = new URL('../../../../docs/errors/', import.meta.url);

/** The page that a problem's `type` links to. */
export function registerErrorPages(app: ApiServer): void {
  app.get('/docs/errors/:code', {
    config: { public: true },
    schema: { hide: true, params: Params },
    handler: async (request, reply) => {
      const { code } = request.params;
      if (!isProblemCode(code)) throw new HttpProblem('route_not_found');
      const page = await readFile(new URL(`${code}.md`, PAGES), 'utf8');
      return reply.type('text/markdown; charset=utf-8').send(page);
    },
  });

  app.get('/', { config: { public: true }, schema: { hide: true } }, async (_request, reply) =>
    reply.redirect('/docs'),
  );
}
