/** A decision that is to be remembered: the grant it proposes, within what the rule allows. */
import type { Remember } from '../../contract/decisions.ts';
import { countedVotes, tally } from '../../domain/core/quorum.ts';
import { equalityConstraints, grantConstraintsFaults } from '../../domain/grants/constraints.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { durationSchema, durationText } from '../../domain/policy/duration.ts';
import type { GrantCommand } from '../../domain/schemas/command.ts';
import type { GrantScope } from '../../domain/schemas/approval.ts';
import { makeBlob, readBlobs } from '../../store/blobs.ts';
import type { NewBlob } from '../../store/blobs.ts';
import type { GrantRow } from '../../store/grants.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Api } from '../dependencies.ts';
import { asActing } from '../runs/acting-agent.ts';
import { HttpProblem } from '../http-problem.ts';
import type { GivenDecision } from './decision-fate.ts';
import { derivedId } from './decision-id.ts';
import { pinnedTool } from './pinned-call.ts';
import type { DecisionInput } from './decision-input.ts';
import { signCommand } from './sign-and-record.ts';

export interface PlannedGrant {
  readonly row: GrantRow;
  readonly blobs: readonly NewBlob[];
}

const refuse = (detail: string): HttpProblem => new HttpProblem('not_grantable', { detail });

/** Throws `not_grantable`; the approval stays open. */
export async function planGrant(
  api: Api,
  { caller, run, approval }: DecisionInput,
  remember: Remember,
  given: GivenDecision,
  nowMs: number,
): Promise<PlannedGrant> {
  const { verdict, runId } = approval;
  const { actor } = caller;
  const ttlMs = assertWithin(verdict.grantable, remember);
  const votes = [...countedVotes(approval, run.requester), { decision: 'approve' as const, actor }];
  const outcome = tally(approval, votes, run.requester);
  if (outcome !== 'approved')
    throw refuse('Others must agree first: only the decision that closes the approval is remembered.');
  const [tool, contents] = await Promise.all([
    pinnedTool(api, run, approval),
    readBlobs(api.store, run.tenant, [approval.argumentsRef.sha256]),
  ]);
  const args = contents.get(approval.argumentsRef.sha256);
  if (!tool || args === undefined) throw refuse('The record of this call is incomplete.');
  const constraints = constraintsFor(args, remember);
  const blob = makeBlob(constraints);
  const scopeId = scopeIdOf(remember.scope, run);
  const { agent, agentDigest, policyDigest } = await asActing(api.store, run, approval.path.at(-1));
  const command: GrantCommand = {
    type: 'grant',
    runId,
    grantId: derivedId('grant', given.decisionId),
    scope: remember.scope,
    ...(scopeId === null ? {} : { scopeId }),
    agent,
    agentDigest,
    policyDigest,
    requester: run.requester,
    tool: tool.name,
    definitionDigest: tool.definitionDigest,
    constraintsRef: blob.ref,
    expiresAt: nowMs + ttlMs,
    maxUses: remember.uses,
  };
  const { tenant, project } = run;
  const signed = await signCommand(api, { caller, address: { tenant, project, runId }, command, nowMs });
  const { type: _, scopeId: __, ...named } = command;
  const row: GrantRow = {
    ...named,
    runId,
    tenant,
    project,
    state: 'proposed',
    scopeId,
    uses: 0,
    createdBy: actor.principal,
    createdAt: nowMs,
    decisionId: given.decisionId,
    revokedAt: null,
    revokedBy: null,
    signed,
  };
  return { row, blobs: [blob] };
}

type Grantable = DecisionInput['approval']['verdict']['grantable'];

/** How long it shall hold. */
function assertWithin(grantable: Grantable, { scope, ttl, uses }: Remember): number {
  if (!grantable) throw refuse('The rule of this approval lets nothing be remembered.');
  const ttlMs = durationSchema.safeParse(ttl).data;
  if (!grantable.scopes.includes(scope)) throw refuse(`Scopes of this rule: ${grantable.scopes.join(', ')}.`);
  if (ttlMs === undefined || ttlMs > grantable.maxTtlMs)
    throw refuse(`A grant of this rule holds for at most ${durationText(grantable.maxTtlMs)}.`);
  if (uses > grantable.maxUses) throw refuse(`A grant of this rule covers at most ${grantable.maxUses} calls.`);
  return ttlMs;
}

/** Without constraints of its own: only calls with exactly these arguments. */
function constraintsFor(args: JsonValue, { constraints = equalityConstraints(args) }: Remember): JsonValue {
  const faults = grantConstraintsFaults(constraints, args);
  if (faults.length === 0) return constraints as JsonValue;
  const errors = faults.map(({ path, message }) => ({
    in: 'body',
    pointer: `/remember/constraints${path}`,
    detail: message,
  }));
  throw new HttpProblem('not_grantable', { extras: { errors } });
}

function scopeIdOf(scope: GrantScope, run: RunRow): string | null {
  switch (scope) {
    case 'run':
      return run.runId;
    case 'conversation':
      if (run.conversationId === null) throw refuse('The run belongs to no conversation.');
      return run.conversationId;
    case 'agent':
      return null;
  }
}
