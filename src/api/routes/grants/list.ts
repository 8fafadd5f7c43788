import { GrantPage, ListGrantsQuery } from '../../../contract/grants.ts';
import { PAGE_LIMIT_DEFAULT } from '../../../contract/pagination.ts';
import { listGrants } from '../../../store/grants.ts';
import { decodeCursor, pageFrom } from '../../cursor.ts';
import { definedOnly } from '../../defined-only.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { grantViews } from './grant-view.ts';

const LIST = 'grants';

export function registerListGrants(app: ApiServer, api: Api): void {
  app.get('/v1/grants', {
    config: { action: 'grant.read' },
    schema: {
      operationId: 'listGrants',
      tags: ['grants'],
      summary: 'List grants, newest first',
      description: 'To review what may run without being asked, and how much of it has been used.',
      querystring: ListGrantsQuery,
      response: { 200: json('A page of grants', GrantPage), ...problems('invalid_cursor') },
    },
    handler: async (request) => {
      const { limit = PAGE_LIMIT_DEFAULT, cursor, requester, ...filters } = request.query;
      const { caller, reach } = request;
      const isOthers = reach === 'own' && requester !== undefined && requester !== caller.actor.principal;
      if (isOthers) return { data: [], nextCursor: null };
      const place = decodeCursor(LIST, cursor);
      const owner = reach === 'own' ? caller.actor.principal : requester;
      const rows = await listGrants(api.store, caller.scope, {
        ...definedOnly({ ...filters, requester: owner }),
        ...(place && { cursor: { createdAt: place.at, grantId: place.id } }),
        limit: limit + 1,
      });
      const page = pageFrom(rows, limit, LIST, ({ createdAt, grantId }) => ({ at: createdAt, id: grantId }));
      return { data: await grantViews(api, caller, page.rows), nextCursor: page.nextCursor };
    },
  });
}
