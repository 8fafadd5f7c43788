import { PolicyReplay, ReplayPolicy } from '../../../contract/policy.ts';
import type { Api } from '../../dependencies.ts';
import { CompiledDefinitions } from '../../policy/compiled-definitions.ts';
import { replayProposal } from '../../policy/replay-policy.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';

/** What a new policy would have asked more, or less, of calls that were made. */
export function registerReplayPolicy(app: ApiServer, api: Api): void {
  const definitions = new CompiledDefinitions(api.store);
  app.post('/v1/policy/replay', {
    config: { action: 'policy.simulate' },
    schema: {
      operationId: 'replayPolicy',
      tags: ['policy'],
      summary: 'Try a policy on recorded calls',
      description:
        'Each call is judged as it was, by the policy that its run has pinned, and again with the proposed layers in the ' +
        'place of those of their names, over the facts that were recorded with it.',
      body: ReplayPolicy,
      response: {
        200: json('What would be different, with examples', PolicyReplay),
        ...problems('malformed_json', 'invalid_policy', 'payload_too_large', 'unsupported_media_type'),
      },
    },
    handler: (request) => replayProposal(api, definitions, request.caller.scope, request.body),
  });
}
