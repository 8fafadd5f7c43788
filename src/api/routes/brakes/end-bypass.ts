import { BrakeBypass, BypassParams } from '../../../contract/brakes.ts';
import { endBypass, listBypasses } from '../../../store/brakes.ts';
import { told } from '../../audit.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { bypassView } from './brake-view.ts';
import { assertReaches, findBrake } from './find-brake.ts';

/** Ends a bypass before its time. */
export function registerEndBypass(app: ApiServer, api: Api): void {
  app.delete('/v1/brakes/:brakeId/bypasses/:bypassId', {
    config: { action: 'brake.bypass' },
    schema: {
      operationId: 'endBrakeBypass',
      tags: ['brakes'],
      summary: 'End a bypass',
      description: 'The brake holds again, from the next dispatch on. Ending twice is ending once.',
      params: BypassParams,
      response: {
        200: json('The bypass is closed', BrakeBypass),
        ...problems('service_cannot_decide', 'brake_not_found', 'bypass_not_found'),
      },
    },
    handler: async (request) => {
      const { caller, params } = request;
      const { tenant, project } = caller.scope;
      const { brakeId, project: braked } = await findBrake(api, caller, params.brakeId);
      assertReaches(request, braked);
      const find = async () =>
        (await listBypasses(api.store, tenant, brakeId)).find(
          (one) => one.bypassId === params.bypassId && (one.project === null || one.project === project),
        );
      const bypass = await find();
      if (!bypass) throw new HttpProblem('bypass_not_found');
      const nowMs = await api.clock.nowMs();
      if (bypass.endedAt !== null || bypass.until <= nowMs) return bypassView(bypass, nowMs);
      const { bypassId } = bypass;
      const event = told(caller, 'brake.bypass_ended', nowMs, { brakeId, bypassId });
      await endBypass(api.store, tenant, bypassId, { principal: caller.actor.principal, nowMs }, event);
      return bypassView((await find()) ?? bypass, nowMs);
    },
  });
}
