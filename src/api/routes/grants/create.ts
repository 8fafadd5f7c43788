import { CreateGrant, Grant } from '../../../contract/grants.ts';
import { canonicalJson } from '../../../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../../../domain/arguments/json-value.ts';
import type { GrantCommand } from '../../../domain/schemas/command.ts';
import { makeBlob, readBlobs } from '../../../store/blobs.ts';
import type { NewBlob } from '../../../store/blobs.ts';
import { recordCommand } from '../../../store/commands.ts';
import { createGrant, getGrant } from '../../../store/grants.ts';
import type { GrantRow } from '../../../store/grants.ts';
import { told } from '../../audit.ts';
import { derivedId, randomId } from '../../decisions/decision-id.ts';
import { signatureIdOf } from '../../decisions/signature-id.ts';
import type { Api, Caller } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { grantPath, grantView } from './grant-view.ts';
import { planGrant, ttlMsOf } from './plan-grant.ts';

/** Grants calls beforehand, as an operator. Grants out of decisions come with the decisions. */
export function registerCreateGrant(app: ApiServer, api: Api): void {
  app.post('/v1/grants', {
    config: { action: 'grant.create' },
    schema: {
      operationId: 'createGrant',
      tags: ['grants'],
      summary: 'Grant calls beforehand',
      description:
        'Calls of one tool, for one requester, within constraints, for a time and a number of uses. It covers calls ' +
        'that policy asks for with a rule that is `grantable`: nothing that is denied, and nothing that must be asked. ' +
        'A change of the agent, its policy or the tool voids it.',
      headers: CommandHeaders,
      body: CreateGrant,
      response: {
        201: json('The grant is live; Location names it', Grant),
        200: json('The grant that the same request has made before', Grant),
        ...problems(
          'malformed_json',
          'service_cannot_decide',
          'run_not_found',
          'run_over',
          'payload_too_large',
          'unsupported_media_type',
          'unknown_agent',
          'unknown_tool',
          'invalid_constraints',
          'invalid_period',
          'idempotency_mismatch',
        ),
      },
    },
    handler: async (request, reply) => {
      const { caller, body, headers } = request;
      const { scope, actor } = caller;
      const key = headers['idempotency-key'];
      const grantId =
        key === undefined
          ? randomId('grant')
          : derivedId('grant', 'operator', scope.tenant, scope.project, actor.principal, key);
      reply.header('location', grantPath(grantId));
      const replay = async (known: GrantRow) => {
        await assertSame(api, known, body);
        reply.code(200).header('idempotent-replayed', 'true');
        return reply.send(await grantView(api, caller, known));
      };
      const known = await getGrant(api.store, scope, grantId);
      if (known) return replay(known);
      const nowMs = await api.clock.nowMs();
      const blob = makeBlob(body.constraints as JsonValue);
      const command = await planGrant(api, caller, body, { grantId, constraintsRef: blob.ref, nowMs });
      const row = await signGrant(api, caller, command, nowMs);
      const isNew = await keep(api, caller, row, blob);
      // The same request came twice at once.
      if (!isNew) return replay((await getGrant(api.store, scope, grantId)) ?? row);
      return reply.code(201).send(await grantView(api, caller, row));
    },
  });
}

/** The signed command is kept before the grant can cover anything. */
async function keep(api: Api, caller: Caller, row: GrantRow, blob: NewBlob): Promise<boolean> {
  const { grantId, tenant, project, runId, agent, requester, tool, maxUses, expiresAt, signed, createdAt } = row;
  const { principal } = caller.actor;
  const signatureId = signatureIdOf(signed);
  const kind = { type: 'grant', contributes: false } as const;
  await recordCommand(api.store, { tenant, project, runId, principal, iat: createdAt, signatureId, signed, ...kind }, [
    blob,
  ]);
  const named = { grantId, scope: row.scope, scopeId: row.scopeId, agent, requester, tool, maxUses, expiresAt };
  return createGrant(api.store, row, [blob], told(caller, 'grant.created', createdAt, named));
}

async function signGrant(api: Api, caller: Caller, command: GrantCommand, nowMs: number): Promise<GrantRow> {
  const { tenant, project } = caller.scope;
  const signed = await api.signer.sign(command, {
    tenant,
    project,
    actor: caller.actor,
    authTime: caller.authenticatedAtMs,
    channel: caller.channel,
    nowMs,
  });
  const { type: _, scopeId = null, runId = null, ...named } = command;
  return {
    ...named,
    scopeId,
    runId,
    tenant,
    project,
    state: 'live',
    uses: 0,
    createdBy: caller.actor.principal,
    createdAt: nowMs,
    decisionId: null,
    revokedAt: null,
    revokedBy: null,
    signed,
  };
}

/** The same key with another body is another request. */
async function assertSame(api: Api, known: GrantRow, body: CreateGrant): Promise<void> {
  const contents = await readBlobs(api.store, known.tenant, [known.constraintsRef.sha256]);
  const constraints = contents.get(known.constraintsRef.sha256);
  const scopeId = body.runId ?? body.conversationId ?? null;
  const isSame =
    known.scope === body.scope &&
    known.scopeId === scopeId &&
    known.tool === body.tool &&
    known.maxUses === body.uses &&
    known.expiresAt - known.createdAt === ttlMsOf(body) &&
    (body.agent === undefined || body.agent === known.agent) &&
    (body.requester === undefined || body.requester === known.requester) &&
    constraints !== undefined &&
    canonicalJson(constraints) === canonicalJson(body.constraints as JsonValue);
  if (!isSame) throw new HttpProblem('idempotency_mismatch');
}
