import { KEY_OVERLAP_MAX_DAYS, KeyParams, KeyWithSecret, RotateKey } from '../../../contract/keys.ts';
import { isWithinReach, reachOf } from '../../../domain/authorise.ts';
import { durationSchema } from '../../../domain/policy/duration.ts';
import { newApiKey } from '../../../platform/api-key.ts';
import { rotateCredential } from '../../../store/credentials.ts';
import type { Credential } from '../../../store/credentials.ts';
import { derivedId, randomId } from '../../decisions/decision-id.ts';
import type { Api, Caller } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { handsOf } from '../../identity/identity.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { findKey } from './find-key.ts';
import { keyView, statusOf } from './key-view.ts';
import { assertMayGive, makersOf } from './may-give.ts';
import { toldOfKey } from './told-of-key.ts';

const OVERLAP_MAX_MS = KEY_OVERLAP_MAX_DAYS * 86_400_000;

/** Gives a key another secret: the one that is presented, or as an administrator any of the tenant. */
export function registerRotateKey(app: ApiServer, api: Api): void {
  app.post('/v1/keys/:keyId/rotate', {
    config: { action: 'key.rotate' },
    schema: {
      operationId: 'rotateKey',
      tags: ['keys'],
      summary: 'Give an API key another secret',
      description:
        'The answer has the whole new key, once. The old secret ends at once, or after `overlap`; sessions begun with ' +
        'it end with it. Everybody rotates the key that they present; other keys are for administrators, who count as ' +
        'the bearer of what they have rotated where a rule says `notRequester`. The same Idempotency-Key again ' +
        'rotates nothing and answers without the secret.',
      headers: CommandHeaders,
      params: KeyParams,
      body: RotateKey.optional(),
      response: {
        200: json('The key with its new secret', KeyWithSecret),
        ...problems(
          'malformed_json',
          'not_yours_to_give',
          'key_not_found',
          'payload_too_large',
          'unsupported_media_type',
          'key_ended',
          'invalid_period',
          'idempotency_mismatch',
        ),
      },
    },
    handler: async (request, reply) => {
      const { caller, params, body = {}, headers } = request;
      const key = await findKey(api, request, params.keyId);
      assertMayRotate(caller, key);
      const nowMs = await api.clock.nowMs();
      if (statusOf(key, nowMs) !== 'live') throw new HttpProblem('key_ended');
      const previousUntil = nowMs + overlapMsOf(body);
      const rotationId = rotationIdOf(caller, key, body, headers['idempotency-key']);
      if (isOtherRequest(key, rotationId)) throw new HttpProblem('idempotency_mismatch');
      const made = newApiKey(key.id);
      const makers = makersOf(key.principal, [...key.makers, ...handsOf(caller.own)]);
      const told = toldOfKey('key.rotated', caller, key, nowMs, { previousUntil });
      const rotation = { secretHash: made.secretHash, previousUntil, makers, rotationId };
      const rotated = await rotateCredential(api.store, key, rotation, told);
      reply.header('cache-control', 'no-store');
      if (rotated) return reply.send({ ...keyView(rotated, nowMs), key: made.key });
      const current = await findKey(api, request, params.keyId);
      if (current.rotationId !== rotationId) throw new HttpProblem('key_ended');
      reply.header('idempotent-replayed', 'true');
      return reply.send({ ...keyView(current, nowMs), key: null });
    },
  });
}

/**
 * A key of few rights must not give out the secret of a better one, not even of the same principal: without the
 * administrator's role it rotates itself and no other.
 */
function assertMayRotate(caller: Caller, key: Credential): void {
  if (key.id === caller.own.credentialId && caller.sessionId === undefined) return;
  const reach = reachOf(caller.roles, 'key.rotate') ?? 'own';
  if (reach === 'own' || !isWithinReach(reach, caller.own.principal, key.principal)) {
    throw new HttpProblem('not_yours_to_give');
  }
  assertMayGive(caller, key);
}

function overlapMsOf({ overlap }: RotateKey): number {
  if (overlap === undefined) return 0;
  const overlapMs = durationSchema.safeParse(overlap).data;
  if (overlapMs !== undefined && overlapMs <= OVERLAP_MAX_MS) return overlapMs;
  throw new HttpProblem('invalid_period', { detail: `An overlap lasts at most ${KEY_OVERLAP_MAX_DAYS} days.` });
}

/** `<request>.<words>`: the same key with other words is told apart. */
function rotationIdOf(
  { own }: Caller,
  { tenant, id }: Credential,
  { overlap = '' }: RotateKey,
  idempotencyKey: string | undefined,
): string {
  if (idempotencyKey === undefined) return randomId('rot');
  return `${derivedId('rot', tenant, id, own.principal, idempotencyKey)}.${overlap}`;
}

const requestOf = (rotationId: string): string => rotationId.split('.')[0] ?? rotationId;

const isOtherRequest = ({ rotationId }: Credential, wanted: string): boolean =>
  rotationId !== null && rotationId !== wanted && requestOf(rotationId) === requestOf(wanted);
