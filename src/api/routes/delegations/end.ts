import { Delegation, DelegationParams } from '../../../contract/delegations.ts';
import { endDelegation } from '../../../store/delegations.ts';
import { told } from '../../audit.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { delegationView, isActive } from './delegation-view.ts';
import { findDelegation } from './find-delegation.ts';

/** Ends a delegation before its time: who gave it, who has it, and operators may. */
export function registerEndDelegation(app: ApiServer, api: Api): void {
  app.delete('/v1/delegations/:delegationId', {
    config: { action: 'delegation.end' },
    schema: {
      operationId: 'endDelegation',
      tags: ['delegations'],
      summary: 'End a delegation',
      description: 'In effect within 2 seconds. Ending twice is ending once. Votes that were given stay.',
      params: DelegationParams,
      response: { 200: json('The delegation, as it is now', Delegation), ...problems('delegation_not_found') },
    },
    handler: async (request) => {
      const { caller, params } = request;
      const { principal } = caller.actor;
      const before = await findDelegation(api, request, params.delegationId);
      const nowMs = await api.clock.nowMs();
      if (!isActive(before, nowMs)) return delegationView(before, nowMs);
      const { delegationId } = before;
      const event = told(caller, 'delegation.ended', nowMs, { delegationId });
      await endDelegation(api.store, caller.scope, delegationId, { principal, nowMs }, event);
      return delegationView(await findDelegation(api, request, delegationId), nowMs);
    },
  });
}
