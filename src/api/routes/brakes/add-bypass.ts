import { AddBypass, BrakeBypass, BrakeParams } from '../../../contract/brakes.ts';
import { addBypass, listBypasses } from '../../../store/brakes.ts';
import type { BrakeRow, BypassRow } from '../../../store/brakes.ts';
import { told } from '../../audit.ts';
import { derivedId, randomId } from '../../decisions/decision-id.ts';
import type { Api, Caller } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { brakePath, bypassView } from './brake-view.ts';
import { assertReaches, findBrake } from './find-brake.ts';

const MINUTE_MS = 60_000;

/** Lets some calls through a brake, for a while. */
export function registerAddBypass(app: ApiServer, api: Api): void {
  app.post('/v1/brakes/:brakeId/bypasses', {
    config: { action: 'brake.bypass' },
    schema: {
      operationId: 'addBrakeBypass',
      tags: ['brakes'],
      summary: 'Bypass a brake for a while',
      description: 'For calls of this project that all of the scope is true of. Every call that passes is recorded.',
      headers: CommandHeaders,
      params: BrakeParams,
      body: AddBypass,
      response: {
        201: json('The bypass is open', BrakeBypass),
        200: json('The bypass that the same request has opened before', BrakeBypass),
        ...problems(
          'malformed_json',
          'service_cannot_decide',
          'brake_not_found',
          'brake_released',
          'payload_too_large',
          'unsupported_media_type',
          'idempotency_mismatch',
        ),
      },
    },
    handler: async (request, reply) => {
      const { caller, params, body, headers } = request;
      const { tenant } = caller.scope;
      const brake = await findBrake(api, caller, params.brakeId);
      assertReaches(request, brake.project);
      const row = await newBypass(api, caller, brake, body, headers['idempotency-key']);
      const { brakeId, bypassId, agent, tool, runId, until, createdAt } = row;
      const find = async () =>
        (await listBypasses(api.store, tenant, brakeId)).find((one) => one.bypassId === bypassId);
      const replay = (known: BypassRow) => {
        reply.code(200).header('idempotent-replayed', 'true');
        return reply.send(bypassView(sameBypass(known, row), createdAt));
      };
      reply.header('location', `${brakePath(brakeId)}/bypasses/${bypassId}`);
      const known = await find();
      if (known) return replay(known);
      if (brake.releasedAt !== null) throw new HttpProblem('brake_released');
      const event = told(caller, 'brake.bypass_added', createdAt, { brakeId, bypassId, agent, tool, runId, until });
      const isNew = await addBypass(api.store, row, event);
      // The same request came twice at once.
      if (!isNew) return replay((await find()) ?? row);
      return reply.code(201).send(bypassView(row, createdAt));
    },
  });
}

async function newBypass(
  api: Api,
  { scope, actor }: Caller,
  { brakeId }: BrakeRow,
  body: AddBypass,
  idempotencyKey: string | undefined,
) {
  const { principal } = actor;
  const createdAt = await api.clock.nowMs();
  return {
    bypassId: idempotencyKey === undefined ? randomId('byp') : derivedId('byp', brakeId, principal, idempotencyKey),
    brakeId,
    tenant: scope.tenant,
    project: scope.project,
    agent: body.scope.agent ?? null,
    tool: body.scope.tool ?? null,
    runId: body.scope.runId ?? null,
    until: createdAt + body.minutes * MINUTE_MS,
    reason: body.reason,
    createdBy: principal,
    createdAt,
    endedAt: null,
  };
}

function sameBypass(known: BypassRow, wanted: BypassRow): BypassRow {
  const isSame =
    (['agent', 'tool', 'runId', 'reason'] as const).every((field) => known[field] === wanted[field]) &&
    known.until - known.createdAt === wanted.until - wanted.createdAt;
  if (!isSame) throw new HttpProblem('idempotency_mismatch');
  return known;
}
