import { PAGE_LIMIT_DEFAULT } from '../../../contract/pagination.ts';
import { ListRunsQuery, RunPage } from '../../../contract/runs.ts';
import { listRuns } from '../../../store/run-lists.ts';
import type { RunFilter } from '../../../store/run-lists.ts';
import { decodeCursor, pageFrom } from '../../cursor.ts';
import { definedOnly } from '../../defined-only.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { runView } from '../../views/run-view.ts';

const LIST = 'runs';

export function registerListRuns(app: ApiServer, api: Api): void {
  app.get('/v1/runs', {
    config: { action: 'run.read' },
    schema: {
      operationId: 'listRuns',
      tags: ['runs'],
      summary: 'List runs, newest first',
      description:
        'To find runs, not to follow one: `GET /v1/runs/{runId}/events` tells what happens. Requesters see their own.',
      querystring: ListRunsQuery,
      response: { 200: json('A page of runs', RunPage), ...problems('invalid_cursor') },
    },
    handler: async (request) => {
      const { limit = PAGE_LIMIT_DEFAULT, cursor, label, requester, ...filters } = request.query;
      const { scope, actor } = request.caller;
      const isOthers = request.reach === 'own' && requester !== undefined && requester !== actor.principal;
      if (isOthers) return { data: [], nextCursor: null };
      const place = decodeCursor(LIST, cursor);
      const owner = request.reach === 'own' ? actor.principal : requester;
      const filter: RunFilter = {
        ...definedOnly(filters),
        ...(owner === undefined ? {} : { requester: owner }),
        ...(label === undefined ? {} : { label: labelFilter(label) }),
        ...(place && { cursor: { createdAt: place.at, runId: place.id } }),
        limit: limit + 1,
      };
      const rows = await listRuns(api.store, scope, filter);
      const page = pageFrom(rows, limit, LIST, ({ createdAt, runId }) => ({ at: createdAt, id: runId }));
      return { data: page.rows.map(runView), nextCursor: page.nextCursor };
    },
  });
}

function labelFilter(label: string): { name: string; value: string } {
  const split = label.indexOf('=');
  return { name: label.slice(0, split), value: label.slice(split + 1) };
}
