import { BrakeDetail, BrakeParams } from '../../../contract/brakes.ts';
import { listBypasses } from '../../../store/brakes.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { brakeView, bypassView } from './brake-view.ts';
import { findBrake } from './find-brake.ts';

export function registerGetBrake(app: ApiServer, api: Api): void {
  app.get('/v1/brakes/:brakeId', {
    config: { action: 'brake.read' },
    schema: {
      operationId: 'getBrake',
      tags: ['brakes'],
      summary: 'Get a brake with its bypasses',
      description: 'Who put it on and why, and what may go on all the same.',
      params: BrakeParams,
      response: { 200: json('The brake', BrakeDetail), ...problems('brake_not_found') },
    },
    handler: async ({ caller, params }) => {
      const brake = await findBrake(api, caller, params.brakeId);
      const nowMs = await api.clock.nowMs();
      const bypasses = await listBypasses(api.store, caller.scope.tenant, brake.brakeId);
      const shown = bypasses.filter(({ project }) => project === null || project === caller.scope.project);
      return { ...brakeView(brake), bypasses: shown.map((row) => bypassView(row, nowMs)) };
    },
  });
}
