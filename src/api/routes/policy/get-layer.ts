import { PolicyLayerHistory, PolicyLayerParams } from '../../../contract/policy.ts';
import { currentPolicyVersions, policyLayerHistory } from '../../../store/policy-layers.ts';
import type { Api } from '../../dependencies.ts';
import { layerView } from '../../policy/layer-view.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';

const HISTORY_LIMIT = 100;

/** One layer: what holds, what is tried, and what was before. */
export function registerGetPolicyLayer(app: ApiServer, api: Api): void {
  app.get('/v1/policy/layers/:layer', {
    config: { action: 'policy.read' },
    schema: {
      operationId: 'getPolicyLayer',
      tags: ['policy'],
      summary: 'Get a policy layer with its history',
      description: 'To see what a layer says, what is tried beside it, and who changed it when.',
      params: PolicyLayerParams,
      response: { 200: json('The layer', PolicyLayerHistory), ...problems() },
    },
    handler: async (request) => {
      const { scope } = request.caller;
      const name = request.params.layer;
      const [current, history] = await Promise.all([
        currentPolicyVersions(api.store, scope),
        policyLayerHistory(api.store, scope, name, { limit: HISTORY_LIMIT }),
      ]);
      const views = current.flatMap(layerView).filter((view) => view.name === name);
      return {
        name,
        enforced: views.find(({ mode }) => mode !== 'shadow') ?? null,
        shadow: views.find(({ mode }) => mode === 'shadow') ?? null,
        history: history.flatMap(layerView),
      };
    },
  });
}
