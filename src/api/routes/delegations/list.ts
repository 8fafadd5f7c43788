import { DelegationPage, ListDelegationsQuery } from '../../../contract/delegations.ts';
import { PAGE_LIMIT_DEFAULT } from '../../../contract/pagination.ts';
import { listDelegations } from '../../../store/delegations.ts';
import { decodeCursor, pageFrom } from '../../cursor.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { delegationView } from './delegation-view.ts';

const LIST = 'delegations';

export function registerListDelegations(app: ApiServer, api: Api): void {
  app.get('/v1/delegations', {
    config: { action: 'delegation.read' },
    schema: {
      operationId: 'listDelegations',
      tags: ['delegations'],
      summary: 'List delegations, newest first',
      description: 'To see who stands in for whom, and until when.',
      querystring: ListDelegationsQuery,
      response: { 200: json('A page of delegations', DelegationPage), ...problems('invalid_cursor') },
    },
    handler: async ({ caller, reach, query }) => {
      const { active, limit = PAGE_LIMIT_DEFAULT, cursor } = query;
      const nowMs = await api.clock.nowMs();
      const place = decodeCursor(LIST, cursor);
      const rows = await listDelegations(api.store, caller.scope, {
        ...(reach === 'own' && { principal: caller.actor.principal }),
        ...(active && { activeAtMs: nowMs }),
        ...(place && { cursor: { createdAt: place.at, delegationId: place.id } }),
        limit: limit + 1,
      });
      const page = pageFrom(rows, limit, LIST, ({ createdAt, delegationId }) => ({ at: createdAt, id: delegationId }));
      return { data: page.rows.map((row) => delegationView(row, nowMs)), nextCursor: page.nextCursor };
    },
  });
}
