import { KeyPage, ListKeysQuery } from '../../../contract/keys.ts';
import { PAGE_LIMIT_DEFAULT } from '../../../contract/pagination.ts';
import { listCredentials } from '../../../store/credentials.ts';
import { decodeCursor, pageFrom } from '../../cursor.ts';
import { definedOnly } from '../../defined-only.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { keyView } from './key-view.ts';

const LIST = 'keys';

export function registerListKeys(app: ApiServer, api: Api): void {
  app.get('/v1/keys', {
    config: { action: 'key.read' },
    schema: {
      operationId: 'listKeys',
      tags: ['keys'],
      summary: 'List API keys, newest first',
      description: 'Administrators see those that open a project of theirs, everybody else their own.',
      querystring: ListKeysQuery,
      response: { 200: json('A page of keys', KeyPage), ...problems('invalid_cursor') },
    },
    handler: async ({ caller, reach, query }) => {
      const { limit = PAGE_LIMIT_DEFAULT, cursor, principal, ...filters } = query;
      const mine = caller.own.principal;
      if (reach === 'own' && principal !== undefined && principal !== mine) return { data: [], nextCursor: null };
      const nowMs = await api.clock.nowMs();
      const place = decodeCursor(LIST, cursor);
      const rows = await listCredentials(api.store, caller.scope.tenant, {
        ...definedOnly({ ...filters, principal: reach === 'own' ? mine : principal }),
        ...(place && { cursor: { createdAt: place.at, id: place.id } }),
        ...(reach !== 'own' && principal !== mine && { projects: caller.projects }),
        nowMs,
        limit: limit + 1,
      });
      const page = pageFrom(rows, limit, LIST, ({ createdAt, id }) => ({ at: createdAt, id }));
      return { data: page.rows.map((row) => keyView(row, nowMs)), nextCursor: page.nextCursor };
    },
  });
}
