/**
 * Whether signed decisions give consent to exactly this call: all of them verified, enough of them under the rules that
 * the request was made under, and under those of today. Judged here again, whatever the workflow accepted.
 */
import { approvalId } from '../domain/core/ids.ts';
import type { Verdict } from '../domain/schemas/approval.ts';
import { getApproval } from '../store/approvals.ts';
import type { ApprovalRow } from '../store/approvals.ts';
import { askNow } from './ask-now.ts';
import { unnamedContributors } from './contributors.ts';
import { voteFault } from './count-votes.ts';
import type { Request } from './count-votes.ts';
import type { StepDependencies } from './dependencies.ts';
import type { Proof } from './proof.ts';
import { editFault } from './prove-edit.ts';
import { refused, voided } from './refused.ts';
import type { Refused } from './refused.ts';
import { waitedSince } from './slot.ts';
import { digestUnder } from './subject.ts';
import type { Subject } from './subject.ts';
import { verifyVotes } from './verified-votes.ts';
import type { Vote } from './verified-votes.ts';

/** The decision may ride along with this very step: its row is then still pending. */
const CONSENTING: readonly string[] = ['pending', 'approved'];

/**
 * The verdict that the votes were given under: the digest they signed names its rule and approvers. Beside the pinned
 * one and today's it may be one of a policy in between, whose approvers the request has on record.
 */
const consentedVerdict = (subject: Subject, { verdict }: ApprovalRow): Verdict | undefined => {
  const { pinned, current, input } = subject;
  const between: Verdict = { ...current, effect: 'ask', ruleId: verdict.ruleId, approverRules: verdict.approverRules };
  const allowed = verdict.allowedDecisions.filter(
    (decision) => current.effect !== 'ask' || current.allowedDecisions.includes(decision),
  );
  const known = [pinned, current, { ...between, allowedDecisions: allowed }];
  return known.find((one) => digestUnder(subject, one) === input.digest);
};

/** An approving vote signs what runs; an edit signs what it made. */
const signsThis = ({ command }: Vote, { input }: Subject): boolean =>
  command.decision === 'edit'
    ? command.edited?.digest === input.digest && command.edited.argumentsRef.sha256 === input.argumentsRef.sha256
    : command.digest === input.digest;

const latestOf = (votes: readonly Vote[]): number => Math.max(...votes.map((vote) => vote.attestedAt));

const wantsOthers = ({ approverRules, escalation }: Verdict): boolean =>
  [...approverRules, ...(escalation?.steps.flatMap((step) => step.approverRules) ?? [])].some(
    (rule) => rule.notRequester,
  );

/** Between the clocks of Temporal, which escalates, and of the bridge, which attests. */
const SKEW_MS = 10_000;

/** How far up the ladder the request was by then: no step before its time has come, whatever the row says. */
const escalatedBy = (verdict: Verdict, { requestedAt, escalated = 0 }: ApprovalRow, atMs: number): number => {
  let step = 0;
  let untilMs = requestedAt + verdict.decideWithinMs;
  for (const { decideWithinMs } of verdict.escalation?.steps ?? []) {
    if (step >= escalated || untilMs > atMs + SKEW_MS) break;
    step += 1;
    untilMs += decideWithinMs;
  }
  return step;
};

const requestOf = async (
  { store }: StepDependencies,
  { run, pinned, current }: Subject,
  approval: ApprovalRow,
  votes: readonly Vote[],
): Promise<Request> => {
  const { editor, contributors = [] } = approval;
  const escalated = escalatedBy(current.escalation ? current : pinned, approval, latestOf(votes));
  const looksFurther = [pinned, current, approval.verdict].some(wantsOthers);
  const more = looksFurther ? await unnamedContributors(store, run, approval) : [];
  return {
    contributors: [...contributors, ...more],
    ...(editor !== undefined && { editor }),
    ...(escalated > 0 && { escalated }),
  };
};

/** Undefined where the call that the votes are on, or was made of it, had their consent when they were given. */
const consentFault = async (
  dependencies: StepDependencies,
  subject: Subject,
  approval: ApprovalRow,
  request: Request,
  votes: readonly Vote[],
): Promise<string | undefined> => {
  const consented = consentedVerdict(subject, approval);
  if (!consented || !votes.every((vote) => signsThis(vote, subject))) return 'digest_mismatch';
  const edit = votes.find(({ command }) => command.decision === 'edit');
  if (edit) return votes.length > 1 ? 'edit_among_votes' : editFault(dependencies, subject, approval, request, edit);
  if (consented.effect !== 'ask') return 'not_asked';
  return voteFault(consented, request, subject.run.start.requester.principal, votes);
};

/** Consent, and until when it holds. */
export const proveConsent = async (dependencies: StepDependencies, subject: Subject): Promise<Refused | Proof> => {
  const { run, input, pinned, current, nowMs, slot } = subject;
  const { start } = run;
  const verified = verifyVotes(dependencies.trust, start, input, input.evidence);
  if (!verified.ok) return voided(verified.code);
  const { votes } = verified;
  const approval = await getApproval(dependencies.store, start, approvalId(start.runId, input.toolCallId));
  if (!approval || approval.revision !== input.revision) return voided('consent_for_another_call');
  if (!CONSENTING.includes(approval.status))
    return refused(`approval_${approval.status}`, 'This call was not approved.');
  const request = await requestOf(dependencies, subject, approval, votes);
  const fault = await consentFault(dependencies, subject, approval, request, votes);
  if (fault) return voided(fault === 'digest_mismatch' ? fault : `consent_${fault}`);
  const decidedAtMs = latestOf(votes);
  const executeWithinMs = Math.min(pinned.executeWithinMs, current.executeWithinMs);
  const executeBy = decidedAtMs + executeWithinMs + waitedSince(slot, decidedAtMs);
  if (executeBy <= nowMs && !subject.isPast)
    return refused('execution_expired', 'The approval of this call ran out before it could run.', 'deny');
  const proof: Proof = { type: 'proof', executeBy };
  if (current.effect !== 'ask') return proof;
  // Policy has changed meanwhile: the decision is kept where it satisfies the approvers of today.
  const holds = voteFault(current, request, start.requester.principal, votes) === undefined;
  return holds ? proof : askNow(subject, 'policy_changed', 'Policy has changed since: other people must agree now.');
};
