import { Grant, GrantParams } from '../../../contract/grants.ts';
import { revokeGrant } from '../../../store/grants.ts';
import { told } from '../../audit.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { findGrant } from './find-grant.ts';
import { grantView } from './grant-view.ts';

/** Ends a grant: from the next dispatch on, what it covered asks again. */
export function registerRevokeGrant(app: ApiServer, api: Api): void {
  app.delete('/v1/grants/:grantId', {
    config: { action: 'grant.revoke' },
    schema: {
      operationId: 'revokeGrant',
      tags: ['grants'],
      summary: 'Revoke a grant',
      description: 'Calls that start from now on ask again. Revoking twice is revoking once.',
      params: GrantParams,
      response: { 200: json('The grant, as it is now', Grant), ...problems('grant_not_found') },
    },
    handler: async (request) => {
      const { caller, params } = request;
      const { scope, actor } = caller;
      const before = await findGrant(api, request, params.grantId);
      const nowMs = await api.clock.nowMs();
      const { grantId } = before;
      if (before.state === 'revoked') return grantView(api, caller, before);
      const by = { principal: actor.principal, nowMs };
      const event = told(caller, 'grant.revoked', nowMs, { grantId });
      const after = await revokeGrant(api.store, scope, grantId, by, event);
      return grantView(api, caller, after ?? (await findGrant(api, request, grantId)));
    },
  });
}
