import { BrakePage, ListBrakesQuery } from '../../../contract/brakes.ts';
import type { Api } from '../../dependencies.ts';
import { definedOnly } from '../../defined-only.ts';
import { pageOfAll } from '../../page-of-all.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { brakeView } from './brake-view.ts';
import { visibleBrakes } from './find-brake.ts';

export function registerListBrakes(app: ApiServer, api: Api): void {
  app.get('/v1/brakes', {
    config: { action: 'brake.read' },
    schema: {
      operationId: 'listBrakes',
      tags: ['brakes'],
      summary: 'List the brakes on the project and on the tenant, newest first',
      description: 'To see why calls do not start, and what is still held back after an incident.',
      querystring: ListBrakesQuery,
      response: { 200: json('A page of brakes', BrakePage), ...problems('invalid_cursor') },
    },
    handler: async ({ caller, query }) => {
      const { active, ...page } = query;
      const brakes = await visibleBrakes(api, caller, definedOnly({ active }));
      const { rows, nextCursor } = pageOfAll(brakes, 'brakes', page, ({ createdAt, brakeId }) => ({
        at: createdAt,
        id: brakeId,
      }));
      return { data: rows.map(brakeView), nextCursor };
    },
  });
}
