import { Brake, SetBrake } from '../../../contract/brakes.ts';
import { setBrake } from '../../../store/brakes.ts';
import type { BrakeRow } from '../../../store/brakes.ts';
import { isKnownAgent } from '../../../store/definitions.ts';
import { told } from '../../audit.ts';
import { derivedId, randomId } from '../../decisions/decision-id.ts';
import type { Api, Caller } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { brakePath, brakeView } from './brake-view.ts';
import { assertReaches, visibleBrakes } from './find-brake.ts';

/** Puts a brake on: no call that it names is dispatched any more. */
export function registerSetBrake(app: ApiServer, api: Api): void {
  app.post('/v1/brakes', {
    config: { action: 'brake.set' },
    schema: {
      operationId: 'setBrake',
      tags: ['brakes'],
      summary: 'Put a brake on',
      description:
        'Checked before every dispatch: from the next one on nothing that the brake names starts. What runs already is ' +
        'not stopped. Calls that wait go on by themselves once the brake is released. Services may put brakes on, too.',
      headers: CommandHeaders,
      body: SetBrake,
      response: {
        201: json('The brake is on; Location names it', Brake),
        200: json('The brake that the same request has put on before', Brake),
        ...problems(
          'malformed_json',
          'payload_too_large',
          'unsupported_media_type',
          'unknown_agent',
          'idempotency_mismatch',
        ),
      },
    },
    handler: async (request, reply) => {
      const { caller, body, headers } = request;
      const { tenant, project } = caller.scope;
      const row = await newBrake(api, caller, body, headers['idempotency-key']);
      assertReaches(request, row.project);
      reply.header('location', brakePath(row.brakeId));
      const find = async () => (await visibleBrakes(api, caller)).find(({ brakeId }) => brakeId === row.brakeId);
      const replay = (known: BrakeRow) => {
        reply.code(200).header('idempotent-replayed', 'true');
        return reply.send(brakeView(sameBrake(known, row)));
      };
      const known = await find();
      if (known) return replay(known);
      // A mistyped agent would be a brake on nothing.
      const isKnown = row.agent === null || (await isKnownAgent(api.store, { tenant, project }, row.agent));
      if (!isKnown) throw new HttpProblem('unknown_agent');
      const { brakeId, agent, tool } = row;
      const event = told(caller, 'brake.set', row.createdAt, { brakeId, scope: body.scope, agent, tool });
      const isNew = await setBrake(api.store, row, event);
      // The same request came twice at once.
      if (!isNew) return replay((await find()) ?? row);
      return reply.code(201).send(brakeView(row));
    },
  });
}

async function newBrake(api: Api, caller: Caller, body: SetBrake, idempotencyKey: string | undefined) {
  const { tenant, project } = caller.scope;
  const { principal } = caller.actor;
  return {
    brakeId:
      idempotencyKey === undefined ? randomId('brk') : derivedId('brk', tenant, project, principal, idempotencyKey),
    tenant,
    project: body.scope === 'tenant' ? null : project,
    agent: body.agent ?? null,
    tool: body.tool ?? null,
    reason: body.reason,
    createdBy: principal,
    createdAt: await api.clock.nowMs(),
    releasedAt: null,
    releasedBy: null,
  } satisfies BrakeRow;
}

function sameBrake(known: BrakeRow, wanted: BrakeRow): BrakeRow {
  const isSame = (['project', 'agent', 'tool', 'reason'] as const).every((field) => known[field] === wanted[field]);
  if (!isSame) throw new HttpProblem('idempotency_mismatch');
  return known;
}
