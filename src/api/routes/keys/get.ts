import { Key, KeyParams } from '../../../contract/keys.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { findKey } from './find-key.ts';
import { keyView } from './key-view.ts';

export function registerGetKey(app: ApiServer, api: Api): void {
  app.get('/v1/keys/:keyId', {
    config: { action: 'key.read' },
    schema: {
      operationId: 'getKey',
      tags: ['keys'],
      summary: 'Get an API key',
      description:
        'What the key may do, who made it and when it was last used. Its secret was shown once, when it was made.',
      params: KeyParams,
      response: { 200: json('The key, without its secret', Key), ...problems('key_not_found') },
    },
    handler: async (request) => keyView(await findKey(api, request, request.params.keyId), await api.clock.nowMs()),
  });
}
