import { Key, KeyParams, RevokeKey } from '../../../contract/keys.ts';
import { revokeCredential } from '../../../store/credentials.ts';
import type { Api } from '../../dependencies.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { findKey } from './find-key.ts';
import { keyView } from './key-view.ts';
import { toldOfKey } from './told-of-key.ts';

/** Ends a key, with its sessions and open streams. */
export function registerRevokeKey(app: ApiServer, api: Api): void {
  app.post('/v1/keys/:keyId/revoke', {
    config: { action: 'key.revoke' },
    schema: {
      operationId: 'revokeKey',
      tags: ['keys'],
      summary: 'Revoke an API key',
      description:
        'Idempotent, and not to be undone. Sessions and streams that the key has opened end at once, also on other ' +
        'servers; one that does not hear of it in time refuses the key within two seconds.',
      headers: CommandHeaders,
      params: KeyParams,
      body: RevokeKey.optional(),
      response: {
        200: json('The key, which is revoked', Key),
        ...problems('malformed_json', 'key_not_found', 'payload_too_large', 'unsupported_media_type'),
      },
    },
    handler: async (request) => {
      const { caller, params } = request;
      const key = await findKey(api, request, params.keyId);
      const nowMs = await api.clock.nowMs();
      const told = toldOfKey('key.revoked', caller, key, nowMs);
      const revoked = await revokeCredential(api.store, key, caller.own.principal, told);
      return keyView(revoked ?? (await findKey(api, request, params.keyId)), nowMs);
    },
  });
}
