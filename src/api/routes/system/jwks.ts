import { JsonWebKeySet } from '../../../contract/health.ts';
import type { Api } from '../../dependencies.ts';
import { json } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';

/** The public keys for verifying signed commands, offline and by others. */
export function registerJwks(app: ApiServer, api: Api): void {
  app.get('/.well-known/jwks.json', {
    config: { public: true },
    schema: {
      operationId: 'jwks',
      tags: ['system'],
      summary: 'The public signing keys',
      description: 'To verify signed commands without asking the API; new keys appear before they are used.',
      security: [],
      response: { 200: json('A JSON Web Key Set (RFC 7517)', JsonWebKeySet) },
    },
    handler: async () => ({ keys: api.signer.jwks().keys.map((key) => ({ ...key })) }),
  });
}
