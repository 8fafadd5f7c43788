import { TrustAnchors } from '../../../contract/audit.ts';
import type { Api } from '../../dependencies.ts';
import { json } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';

/** Public. Fetch it once and keep it: whoever asks the accused for the keys to their evidence learns little. */
export function registerTrust(app: ApiServer, api: Api): void {
  app.get('/.well-known/countersign-trust.json', {
    config: { public: true },
    schema: {
      operationId: 'trust',
      tags: ['system'],
      summary: 'The trust anchors of signed commands and checkpoints',
      description: 'Keep a copy elsewhere: what verifies an export must not come with it.',
      security: [],
      response: { 200: json('Audience and anchors', TrustAnchors) },
    },
    handler: async () => {
      const { audience, anchors } = api.signer.trust();
      return { audience, anchors: [...anchors] };
    },
  });
}
