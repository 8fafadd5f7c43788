import { Brake, BrakeParams } from '../../../contract/brakes.ts';
import { releaseBrake } from '../../../store/brakes.ts';
import { told } from '../../audit.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { brakeView } from './brake-view.ts';
import { assertReaches, findBrake } from './find-brake.ts';

/** Takes a brake off. */
export function registerReleaseBrake(app: ApiServer, api: Api): void {
  app.delete('/v1/brakes/:brakeId', {
    config: { action: 'brake.release' },
    schema: {
      operationId: 'releaseBrake',
      tags: ['brakes'],
      summary: 'Release a brake',
      description: 'Calls that it has held back go on within seconds. Releasing twice is releasing once.',
      params: BrakeParams,
      response: { 200: json('The brake is off', Brake), ...problems('service_cannot_decide', 'brake_not_found') },
    },
    handler: async (request) => {
      const { caller, params } = request;
      const brake = await findBrake(api, caller, params.brakeId);
      assertReaches(request, brake.project);
      if (brake.releasedAt !== null) return brakeView(brake);
      const nowMs = await api.clock.nowMs();
      const { tenant } = caller.scope;
      const { brakeId } = brake;
      const by = { principal: caller.actor.principal, nowMs };
      const event = told(caller, 'brake.released', nowMs, { brakeId });
      const released = await releaseBrake(api.store, tenant, brakeId, by, event);
      return brakeView(released ?? (await findBrake(api, caller, brakeId)));
    },
  });
}
