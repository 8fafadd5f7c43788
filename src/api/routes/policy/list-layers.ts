import { PolicyLayerList } from '../../../contract/policy.ts';
import { currentPolicyVersions } from '../../../store/policy-layers.ts';
import type { Api } from '../../dependencies.ts';
import { layerView } from '../../policy/layer-view.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';

/** The layers that hold for all agents of the project, on top of what runs have pinned. */
export function registerListPolicyLayers(app: ApiServer, api: Api): void {
  app.get('/v1/policy/layers', {
    config: { action: 'policy.read' },
    schema: {
      operationId: 'listPolicyLayers',
      tags: ['policy'],
      summary: 'List the policy layers of deployment and project',
      description: 'To see which rules hold now, for every agent of the project.',
      response: { 200: json('The versions that hold, and those tried in shadow', PolicyLayerList), ...problems() },
    },
    handler: async (request) => ({
      data: (await currentPolicyVersions(api.store, request.caller.scope)).flatMap(layerView),
    }),
  });
}
