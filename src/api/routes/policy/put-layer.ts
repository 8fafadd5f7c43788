import { PolicyLayerParams, PolicyLayerVersion, PutPolicyLayer } from '../../../contract/policy.ts';
import { currentPolicyVersions, putPolicyLayer } from '../../../store/policy-layers.ts';
import { told } from '../../audit.ts';
import type { Api } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { layerView } from '../../policy/layer-view.ts';
import { readPolicy } from '../../policy/proposed-layers.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';

/** Puts a layer in force, for runs under way too: the gate adds it to what they have pinned. */
export function registerPutPolicyLayer(app: ApiServer, api: Api): void {
  app.put('/v1/policy/layers/:layer', {
    config: { action: 'policy.write' },
    schema: {
      operationId: 'putPolicyLayer',
      tags: ['policy'],
      summary: 'Put a policy layer in force',
      description:
        'It takes effect within two seconds on every worker, for runs under way too. It only ever tightens what a run has ' +
        'pinned. The layer `deployment` holds for all projects of the tenant. The same again changes nothing.',
      params: PolicyLayerParams,
      body: PutPolicyLayer,
      response: {
        200: json('The layer holds', PolicyLayerVersion),
        ...problems('malformed_json', 'invalid_policy', 'payload_too_large', 'unsupported_media_type'),
      },
    },
    handler: async (request) => {
      const { caller, params, body, reach } = request;
      const { layer: name } = params;
      // What holds for the whole tenant is not one project's to change.
      if (name === 'deployment' && reach !== 'tenant') throw new HttpProblem('forbidden');
      const { layers, digest } = readPolicy(api, [{ ...body, name }], (path) => path.replace(/^\/0/, ''));
      const [layer] = layers;
      if (!layer) throw new Error('A policy of one layer was read without one');
      const nowMs = await api.clock.nowMs();
      const { principal } = caller.actor;
      // Definitions in JSON hold nothing undefined; parsed ones may.
      const plain = JSON.parse(JSON.stringify(layer)) as typeof layer;
      const mode = layer.mode ?? 'enforce';
      const event = told(caller, 'policy.layer_put', nowMs, { layer: name, mode, policyDigest: digest });
      await putPolicyLayer(api.store, caller.scope, plain, digest, { principal, nowMs }, event);
      const versions = (await currentPolicyVersions(api.store, caller.scope)).filter((one) => one.digest === digest);
      const [view] = versions.flatMap(layerView).filter((one) => one.name === name);
      // Somebody has put another one since: this was theirs to see all the same.
      return view ?? layerView({ layer: plain, digest, putBy: principal, putAt: nowMs })[0];
    },
  });
}
