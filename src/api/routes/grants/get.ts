import { Grant, GrantParams } from '../../../contract/grants.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { findGrant } from './find-grant.ts';
import { grantView } from './grant-view.ts';

export function registerGetGrant(app: ApiServer, api: Api): void {
  app.get('/v1/grants/:grantId', {
    config: { action: 'grant.read' },
    schema: {
      operationId: 'getGrant',
      tags: ['grants'],
      summary: 'Get a grant',
      description: 'Its bounds, where it came from, and how often it was used.',
      params: GrantParams,
      response: { 200: json('The grant', Grant), ...problems('grant_not_found') },
    },
    handler: async (request) => {
      const grant = await findGrant(api, request, request.params.grantId);
      return grantView(api, request.caller, grant);
    },
  });
}
