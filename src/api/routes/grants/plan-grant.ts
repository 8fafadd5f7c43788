/** What an operator's grant is bound to: one tool of one pinned agent, for one requester. */
import type { CreateGrant } from '../../../contract/grants.ts';
import { GRANT_MAX_DAYS } from '../../../contract/grants.ts';
import { isFinished } from '../../../domain/core/run-status.ts';
import { isAnsweredByPeople } from '../../../domain/core/tool-roles.ts';
import { grantConstraintsFaults } from '../../../domain/grants/constraints.ts';
import { durationSchema } from '../../../domain/policy/duration.ts';
import type { AgentDefinition } from '../../../domain/schemas/agent.ts';
import type { GrantCommand } from '../../../domain/schemas/command.ts';
import type { BlobRef } from '../../../domain/schemas/names.ts';
import { currentAgent, getDefinition } from '../../../store/definitions.ts';
import { getRun } from '../../../store/run-rows.ts';
import type { Api, Caller } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';

const DAY_MS = 86_400_000;

interface Target extends Pick<GrantCommand, 'agent' | 'agentDigest' | 'policyDigest' | 'requester'> {
  readonly scopeId: string | undefined;
  readonly definition: AgentDefinition;
}

async function findTarget(api: Api, { scope }: Caller, request: CreateGrant): Promise<Target> {
  const { runId, conversationId, agent: name = '', requester = '' } = request;
  if (runId !== undefined) {
    const run = await getRun(api.store, scope, runId);
    if (!run) throw new HttpProblem('run_not_found');
    if (isFinished(run.status)) throw new HttpProblem('run_over', { extras: { runStatus: run.status } });
    const { agent, agentDigest, policyDigest } = run;
    const definition = await getDefinition(api.store, scope, agentDigest);
    if (!definition) throw new Error(`The definition of run ${runId} is not in the store`);
    return { scopeId: runId, agent, agentDigest, policyDigest, requester: run.requester, definition };
  }
  const current = await currentAgent(api.store, scope, name);
  if (!current) throw new HttpProblem('unknown_agent');
  const { definition, digest: agentDigest } = current;
  const { policyDigest } = definition;
  return { scopeId: conversationId, agent: name, agentDigest, policyDigest, requester, definition };
}

export function ttlMsOf({ ttl }: CreateGrant): number {
  const ttlMs = durationSchema.safeParse(ttl).data;
  if (ttlMs !== undefined && ttlMs <= GRANT_MAX_DAYS * DAY_MS) return ttlMs;
  throw new HttpProblem('invalid_period', { detail: `A grant lasts at most ${GRANT_MAX_DAYS} days.` });
}

export interface GrantPlan {
  readonly grantId: string;
  readonly constraintsRef: BlobRef;
  readonly nowMs: number;
}

/** Throws the problem where there is nothing that could be granted so. */
export async function planGrant(
  api: Api,
  caller: Caller,
  request: CreateGrant,
  { grantId, constraintsRef, nowMs }: GrantPlan,
): Promise<GrantCommand> {
  const { scope, tool: name, constraints, uses } = request;
  const { definition, scopeId, ...target } = await findTarget(api, caller, request);
  const tool = definition.tools.find((one) => one.name === name);
  // Nobody consents beforehand to what an agent will ask, or to its stopping.
  if (!tool || isAnsweredByPeople(tool.role)) throw new HttpProblem('unknown_tool');
  const faults = grantConstraintsFaults(constraints);
  if (faults.length > 0) {
    const errors = faults.map(({ path, message }) => ({
      in: 'body',
      pointer: `/constraints${path}`,
      detail: message,
    }));
    throw new HttpProblem('invalid_constraints', { extras: { errors: errors.slice(0, 20) } });
  }
  return {
    type: 'grant',
    grantId,
    scope,
    ...(scopeId !== undefined && { scopeId }),
    ...target,
    tool: name,
    definitionDigest: tool.definitionDigest,
    constraintsRef,
    expiresAt: nowMs + ttlMsOf(request),
    maxUses: uses,
  };
}
