/** Which calls a grant is about: everything that it is bound to must be as it was. */
import type { Grantable } from '../domain/schemas/approval.ts';
import type { ToolDefinition } from '../domain/schemas/agent.ts';
import type { GrantCommand, StartCommand } from '../domain/schemas/command.ts';

type Bound = Pick<
  GrantCommand,
  | 'scope'
  | 'scopeId'
  | 'agent'
  | 'agentDigest'
  | 'policyDigest'
  | 'requester'
  | 'tool'
  | 'definitionDigest'
  | 'expiresAt'
  | 'maxUses'
>;

const isInScope = (grant: Bound, start: StartCommand): boolean => {
  switch (grant.scope) {
    case 'run':
      return grant.scopeId === start.runId;
    case 'conversation':
      return start.conversationId !== undefined && grant.scopeId === start.conversationId;
    case 'agent':
      return grant.scopeId === undefined;
  }
};

/** Beside the arguments: who asks, by which agent and policy, with which tool, where and when. */
export const isGrantFor = (grant: Bound, start: StartCommand, tool: ToolDefinition, nowMs: number): boolean =>
  grant.agent === start.agent &&
  grant.agentDigest === start.agentDigest &&
  grant.policyDigest === start.policyDigest &&
  grant.requester === start.requester.principal &&
  grant.tool === tool.name &&
  grant.definitionDigest === tool.definitionDigest &&
  isInScope(grant, start) &&
  nowMs < grant.expiresAt;

/** No grant goes beyond what the rule lets people remember. */
export const isWithin = (
  { scopes, maxTtlMs, maxUses }: Grantable,
  grant: Pick<Bound, 'scope' | 'expiresAt' | 'maxUses'>,
  grantedAt: number,
): boolean => scopes.includes(grant.scope) && grant.expiresAt <= grantedAt + maxTtlMs && grant.maxUses <= maxUses;
