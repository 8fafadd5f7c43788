/** The gate's proof in memory: the same pure functions as the real one, over what a store and signatures would bear out. */
import { decisionFault, rulesOf } from '../../src/domain/core/approver-rules.ts';
import { editOutcome } from '../../src/domain/core/edit-outcome.ts';
import { approvalId } from '../../src/domain/core/ids.ts';
import type { AttestedDecision } from '../../src/domain/core/judge-decision.ts';
import { tally } from '../../src/domain/core/quorum.ts';
import type { Approval } from '../../src/domain/schemas/approval.ts';
import type { SignedCommand } from '../../src/domain/schemas/command.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import type { RunToolInput, ToolStepResult } from '../../src/domain/schemas/step.ts';
import { RUN_ID } from '../support/core.ts';
import { REQUESTER, digestOfCall, policyOf } from './cast.ts';

export type Refusal = Extract<ToolStepResult, { type: 'refused' }>;

export const refusal = (code: string, then: Refusal['then']): Refusal => ({
  type: 'refused',
  code,
  message: 'No.',
  then,
});

/** What the store says of the request: it is folded from stored events, never from the workflow's word. */
interface Requested {
  readonly approval: Approval;
  readonly decideBy: number;
  readonly escalated: number;
  readonly silenced: boolean;
}

const requestedIn = (log: readonly RunEvent[], id: string): Requested | undefined => {
  let found: Requested | undefined;
  for (const { type, data } of log) {
    if (type === 'approval.requested' && data.approval.approvalId === id)
      found = { approval: data.approval, decideBy: data.approval.decideBy, escalated: 0, silenced: false };
    else if (!found || !('approvalId' in data) || data.approvalId !== id) continue;
    else if (type === 'approval.extended') found = { ...found, decideBy: data.decideBy };
    else if (type === 'approval.escalated') found = { ...found, decideBy: data.decideBy, escalated: data.step };
    else if (type === 'approval.reopened') found = { ...found, decideBy: data.decideBy, escalated: 0 };
    else if (type === 'approval.expired') found = { ...found, silenced: data.outcome === 'allow' };
  }
  return found;
};

export const sign = (given: AttestedDecision): SignedCommand => ({ bytes: JSON.stringify(given), jws: '' });
const verified = ({ bytes }: SignedCommand): AttestedDecision => JSON.parse(bytes) as AttestedDecision;

const proveConsent = (input: RunToolInput, requested: Requested | undefined, nowMs: number): Refusal | undefined => {
  if (!requested || requested.approval.revision !== input.revision) return refusal('consent_missing', 'void_consent');
  const { approval, escalated, decideBy } = requested;
  const subject = { ...approval, ...(escalated > 0 && { escalated }) };
  const given = input.evidence.map(verified).filter(({ command, actor, channel, attestedAt }) => {
    const answer = { decision: command.decision, actor, channel, hasReason: command.reasonRef !== undefined };
    return (
      command.approvalId === approval.approvalId &&
      command.revision === input.revision &&
      command.digest === approval.digest &&
      attestedAt < decideBy &&
      decisionFault(subject, answer, REQUESTER) === undefined
    );
  });
  const edited = given.find(({ command }) => command.edited);
  const last = edited ?? given.at(-1);
  if (!last) return refusal('consent_missing', 'void_consent');
  const after = edited?.command.edited;
  const holds = after
    ? after.digest === input.digest && editOutcome(approval.verdict, after.verdict, rulesOf(subject)) === 'approved'
    : approval.digest === input.digest &&
      tally(
        subject,
        given.map(({ command, actor }) => ({ decision: command.decision, actor })),
        REQUESTER,
      ) === 'approved';
  if (!holds) return refusal('consent_incomplete', 'void_consent');
  const { executeWithinMs } = after?.verdict ?? approval.verdict;
  return last.attestedAt + executeWithinMs <= nowMs ? refusal('execution_expired', 'deny') : undefined;
};

export interface GateWorld {
  readonly nowMs: number;
  readonly log: readonly RunEvent[];
  readonly liveGrants: ReadonlySet<string>;
  /** What the tool declares. */
  readonly effect: string;
}

/** Undefined where the call may run. */
export const prove = (input: RunToolInput, world: GateWorld): Refusal | undefined => {
  const { toolCallId, revision, argumentsRef, basis } = input;
  const policy = policyOf(argumentsRef);
  if (digestOfCall(toolCallId, revision, argumentsRef) !== input.digest)
    return refusal('digest_mismatch', basis === 'consent' ? 'void_consent' : 'park');
  if (policy.effect === 'deny') return refusal('policy_denied', 'deny');
  const requested = requestedIn(world.log, approvalId(RUN_ID, toolCallId));
  switch (basis) {
    case 'rule':
      return policy.effect === 'allow' ? undefined : refusal('not_allowed_by_rule', 'park');
    case 'grant': {
      if (input.grantId !== undefined && world.liveGrants.has(input.grantId)) return undefined;
      const next = {
        verdict: policy,
        digest: digestOfCall(toolCallId, revision + 1, argumentsRef),
        revision: revision + 1,
      };
      return { ...refusal('grant_over', 'ask'), asked: next };
    }
    case 'expiry': {
      const allowed = requested?.silenced && policy.onExpire === 'allow' && world.effect !== 'once';
      return allowed ? undefined : refusal('not_silent', 'park');
    }
    case 'consent':
      return proveConsent(input, requested, world.nowMs);
  }
};
