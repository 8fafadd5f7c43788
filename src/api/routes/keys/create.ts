import { createHash } from 'node:crypto';
import { CreateKey, KeyWithSecret } from '../../../contract/keys.ts';
import { canonicalJson } from '../../../domain/arguments/canonical-json.ts';
import { digestOf } from '../../../domain/core/digest.ts';
import { apiKeyId, newApiKey } from '../../../platform/api-key.ts';
import { findCredential, issueCredential } from '../../../store/credentials.ts';
import type { NewCredential } from '../../../store/credentials.ts';
import type { Api, Caller } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { handsOf } from '../../identity/identity.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { keyPath, keyView } from './key-view.ts';
import { assertMayGive, makersOf } from './may-give.ts';
import { toldOfKey } from './told-of-key.ts';

/** Makes a key. Its secret is in this answer and nowhere else. */
export function registerCreateKey(app: ApiServer, api: Api): void {
  app.post('/v1/keys', {
    config: { action: 'key.create' },
    schema: {
      operationId: 'createKey',
      tags: ['keys'],
      summary: 'Make an API key',
      description:
        'The answer has the whole key, once: only a hash of it is kept. The same Idempotency-Key and body again answer ' +
        'the same key without its secret. Whoever makes a key counts as its bearer where a rule says `notRequester`.',
      headers: CommandHeaders,
      body: CreateKey,
      response: {
        201: json('The key is made; Location names it', KeyWithSecret),
        200: json('The key that the same request has made before, without its secret', KeyWithSecret),
        ...problems(
          'malformed_json',
          'not_yours_to_give',
          'payload_too_large',
          'unsupported_media_type',
          'invalid_period',
          'idempotency_mismatch',
        ),
      },
    },
    handler: async (request, reply) => {
      const { caller, body, headers } = request;
      const nowMs = await api.clock.nowMs();
      const { key, credential } = newKey(caller, body, headers['idempotency-key'], nowMs);
      reply.header('location', keyPath(credential.id)).header('cache-control', 'no-store');
      assertMayGive(caller, credential);
      const { expiresAt } = credential;
      // A repetition may come when the time has passed.
      const isLate = expiresAt !== null && expiresAt <= nowMs && !(await findCredential(api.store, credential.id));
      if (isLate) throw new HttpProblem('invalid_period');
      const isNew = await issueCredential(api.store, credential, toldOfKey('key.created', caller, credential, nowMs));
      const stored = await findCredential(api.store, credential.id);
      if (!stored) throw new Error('A key that was stored is there.');
      if (isNew) return reply.code(201).send({ ...keyView(stored, nowMs), key });
      if (stored.requestDigest !== credential.requestDigest) throw new HttpProblem('idempotency_mismatch');
      reply.header('idempotent-replayed', 'true');
      return reply.code(200).send({ ...keyView(stored, nowMs), key: null });
    },
  });
}

function newKey(
  caller: Caller,
  request: CreateKey,
  idempotencyKey: string | undefined,
  nowMs: number,
): { readonly key: string; readonly credential: NewCredential } {
  const { tenant, project } = caller.scope;
  const { principal: createdBy } = caller.own;
  const { principal, kind, roles, groups = [], projects = [project], channel = 'api', label = null } = request;
  const expiresAt = request.expiresAt === undefined ? null : Date.parse(request.expiresAt);
  const { id, key, secretHash } = newApiKey(
    idempotencyKey === undefined ? undefined : namedId([tenant, createdBy, idempotencyKey]),
  );
  const rights = { principal, kind, roles, groups, projects, channel, expiresAt, label };
  return {
    key,
    credential: {
      ...rights,
      roles: [...new Set(roles)],
      groups: [...new Set(groups)],
      projects: [...new Set(projects)],
      id,
      tenant,
      secretHash,
      createdBy,
      makers: makersOf(principal, handsOf(caller.own)),
      createdAt: nowMs,
      revokedAt: null,
      lastUsedAt: null,
      requestDigest: digestOf(canonicalJson({ v: 1, ...rights })),
    },
  };
}

/** JSON keeps the parts apart: no two requests give the same id. */
const namedId = (parts: readonly string[]): string =>
  apiKeyId(
    createHash('sha256')
      .update(JSON.stringify(['countersign.key/v1', ...parts]))
      .digest(),
  );
