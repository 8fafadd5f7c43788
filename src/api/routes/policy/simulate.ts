import { PolicySimulation, SimulatePolicy } from '../../../contract/policy.ts';
import type { Api } from '../../dependencies.ts';
import { simulatePolicy } from '../../policy/simulate-policy.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';

/** What policy would say of a call. Nothing runs, nobody is asked. */
export function registerSimulatePolicy(app: ApiServer, api: Api): void {
  app.post('/v1/policy/simulate', {
    config: { action: 'policy.simulate' },
    schema: {
      operationId: 'simulatePolicy',
      tags: ['policy'],
      summary: 'Ask what policy would say of a call',
      description:
        'Of an agent as it is now, of proposed layers, or of the agent with the proposed layers in the place of those of ' +
        'their names. Facts that are left out are those of a run that has just begun, of somebody in no group.',
      body: SimulatePolicy,
      response: {
        200: json('The verdict, and the rules that had a say', PolicySimulation),
        ...problems('malformed_json', 'unknown_agent', 'invalid_policy', 'payload_too_large', 'unsupported_media_type'),
      },
    },
    handler: (request) => simulatePolicy(api, request.caller.scope, request.body),
  });
}
