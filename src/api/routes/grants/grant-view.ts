import type { Grant, GrantStatus } from '../../../contract/grants.ts';
import { readBlobs } from '../../../store/blobs.ts';
import { listAgents } from '../../../store/definitions.ts';
import type { GrantRow } from '../../../store/grants.ts';
import type { Api, Caller } from '../../dependencies.ts';
import { contentOf } from '../../views/content.ts';
import { timestamp, timestampOrNull } from '../../views/time.ts';

export const grantPath = (grantId: string): string => `/v1/grants/${grantId}`;

/** All grants of a page with one read of their constraints, and one of the agents as they are now. */
export async function grantViews(api: Api, { scope }: Caller, rows: readonly GrantRow[]): Promise<Grant[]> {
  if (rows.length === 0) return [];
  const [nowMs, contents, agents] = await Promise.all([
    api.clock.nowMs(),
    readBlobs(
      api.store,
      scope.tenant,
      rows.map(({ constraintsRef }) => constraintsRef.sha256),
    ),
    listAgents(api.store, scope),
  ]);
  const digests = new Map(agents.map(({ name, digest }) => [name, digest]));
  return rows.map((row) => {
    const constraints = contentOf(contents, row.constraintsRef);
    return {
      ...plainView(row),
      status: statusOf(row, digests.get(row.agent), nowMs),
      ...(constraints !== undefined && { constraints }),
    };
  });
}

export async function grantView(api: Api, caller: Caller, row: GrantRow): Promise<Grant> {
  const [view] = await grantViews(api, caller, [row]);
  if (!view) throw new Error('A grant has a view.');
  return view;
}

/** A grant for one run is for the agent that the run has pinned: a newer one does not touch it. */
function statusOf(row: GrantRow, currentDigest: string | undefined, nowMs: number): GrantStatus {
  if (row.state !== 'live') return row.state;
  if (row.expiresAt <= nowMs) return 'expired';
  if (row.uses >= row.maxUses) return 'used_up';
  return row.scope !== 'run' && row.agentDigest !== currentDigest ? 'void' : 'live';
}

function plainView(row: GrantRow): Omit<Grant, 'status' | 'constraints'> {
  const { grantId, scope, scopeId, agent, agentDigest, policyDigest, requester, tool, definitionDigest } = row;
  const { uses, maxUses, createdBy, createdAt, expiresAt, decisionId, revokedAt, revokedBy } = row;
  return {
    grantId,
    scope,
    runId: scope === 'run' ? scopeId : null,
    conversationId: scope === 'conversation' ? scopeId : null,
    agent,
    agentDigest,
    policyDigest,
    requester,
    tool,
    definitionDigest,
    uses,
    maxUses,
    usage: `used ${uses} of ${maxUses}`,
    createdBy,
    createdAt: timestamp(createdAt),
    expiresAt: timestamp(expiresAt),
    decisionId,
    revokedAt: timestampOrNull(revokedAt),
    revokedBy,
    links: { self: grantPath(grantId) },
  };
}
