import { CreateDelegation, DELEGATION_MAX_DAYS, Delegation } from '../../../contract/delegations.ts';
import { addDelegation, getDelegation } from '../../../store/delegations.ts';
import type { DelegationRow } from '../../../store/delegations.ts';
import { told } from '../../audit.ts';
import { derivedId, randomId } from '../../decisions/decision-id.ts';
import type { Api, Caller } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';
import { CommandHeaders } from '../../idempotency-key.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';
import { delegationPath, delegationView } from './delegation-view.ts';

const DAY_MS = 86_400_000;

/** Hands one's own part in deciding to another person for a time. Nobody does that for anybody else. */
export function registerCreateDelegation(app: ApiServer, api: Api): void {
  app.post('/v1/delegations', {
    config: { action: 'delegation.create' },
    schema: {
      operationId: 'createDelegation',
      tags: ['delegations'],
      summary: 'Delegate deciding for a time',
      description:
        'The other person counts in your place where a rule names you or your groups, as far as their own roles let ' +
        'them decide at all. They still have one vote, and you and they together have one where a rule names you and ' +
        'not them. What is delegated to you is not handed on. In effect within 2 seconds.',
      headers: CommandHeaders,
      body: CreateDelegation,
      response: {
        201: json('Delegated; Location names it', Delegation),
        200: json('What the same request has delegated before', Delegation),
        ...problems(
          'malformed_json',
          'service_cannot_decide',
          'payload_too_large',
          'unsupported_media_type',
          'invalid_delegation',
          'invalid_period',
          'idempotency_mismatch',
        ),
      },
    },
    handler: async (request, reply) => {
      const { caller, body, headers } = request;
      const nowMs = await api.clock.nowMs();
      const row = newDelegation(caller, body, headers['idempotency-key'], nowMs);
      reply.header('location', delegationPath(row.delegationId));
      const replay = (known: DelegationRow) => {
        reply.code(200).header('idempotent-replayed', 'true');
        return reply.send(delegationView(sameDelegation(known, row), nowMs));
      };
      const { delegationId, from, to, until } = row;
      const known = await getDelegation(api.store, caller.scope, delegationId);
      if (known) return replay(known);
      assertAllowed(caller, body, row);
      const event = told(caller, 'delegation.created', nowMs, { delegationId, from, to, until });
      const isNew = await addDelegation(api.store, row, event);
      // The same request came twice at once.
      if (!isNew) return replay((await getDelegation(api.store, caller.scope, delegationId)) ?? row);
      return reply.code(201).send(delegationView(row, nowMs));
    },
  });
}

function newDelegation(
  { scope, own }: Caller,
  { to, until, groups }: CreateDelegation,
  idempotencyKey: string | undefined,
  nowMs: number,
) {
  const { tenant, project } = scope;
  const from = own.principal;
  return {
    delegationId:
      idempotencyKey === undefined ? randomId('dlg') : derivedId('dlg', tenant, project, from, idempotencyKey),
    tenant,
    project,
    from,
    to,
    groups: groups ?? null,
    until: Date.parse(until),
    createdBy: from,
    createdAt: nowMs,
    endedAt: null,
    endedBy: null,
  } satisfies DelegationRow;
}

function assertAllowed(
  { own }: Caller,
  { groups = [] }: CreateDelegation,
  { from, to, until, createdAt }: DelegationRow,
) {
  const isForeign = groups.some((group) => !own.groups.includes(group));
  if (from === to || isForeign) throw new HttpProblem('invalid_delegation');
  if (until <= createdAt || until > createdAt + DELEGATION_MAX_DAYS * DAY_MS)
    throw new HttpProblem('invalid_period', {
      detail: `A delegation ends in the future, at most ${DELEGATION_MAX_DAYS} days from now.`,
    });
}

function sameDelegation(known: DelegationRow, wanted: DelegationRow): DelegationRow {
  const isSame =
    known.to === wanted.to &&
    known.until === wanted.until &&
    JSON.stringify(known.groups) === JSON.stringify(wanted.groups);
  if (!isSame) throw new HttpProblem('idempotency_mismatch');
  return known;
}
