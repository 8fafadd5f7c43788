/** Whether signed decisions give consent to exactly this call. Verified here again, whatever the workflow accepted. */
import { decisionFault } from '../domain/core/approver-rules.ts';
import { verifyCommand } from '../domain/core/attestation.ts';
import { approvalId } from '../domain/core/ids.ts';
import type { Verdict } from '../domain/schemas/approval.ts';
import { DecideCommand } from '../domain/schemas/command.ts';
import type { StartCommand } from '../domain/schemas/command.ts';
import type { RunToolInput } from '../domain/schemas/step.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import { verifySignature } from '../platform/verify-signature.ts';
import { refused } from './refused.ts';
import type { Refused } from './refused.ts';

interface Subject {
  readonly input: RunToolInput;
  readonly verdict: Verdict;
  readonly digest: string;
  readonly nowMs: number;
}

const voided = (code: string): Refused =>
  refused(code, 'The recorded consent does not hold for this call.', 'void_consent');

/** Undefined where consent is proven. */
export const proveConsent = (trust: TrustedKeys, start: StartCommand, subject: Subject): Refused | undefined => {
  const { input, verdict, digest, nowMs } = subject;
  const [evidence] = input.evidence;
  if (!evidence) return voided('consent_missing');
  const attested = verifyCommand(evidence, { ...trust, verify: verifySignature }, start);
  if (!attested.ok) return voided(`consent_${attested.code}`);
  const command = DecideCommand.safeParse(attested.command);
  if (!command.success) return voided('consent_malformed');
  const { decision, revision, reasonRef } = command.data;
  if (command.data.approvalId !== approvalId(start.runId, input.toolCallId) || revision !== input.revision)
    return voided('consent_for_another_call');
  if (command.data.digest !== digest) return voided('consent_digest_mismatch');
  if (decision !== 'approve') return voided('consent_not_given');
  const { actor, iat } = attested.claims;
  const fault = decisionFault(verdict, { decision, actor, hasReason: !!reasonRef }, start.requester.principal);
  if (fault) return voided(`consent_${fault}`);
  if (iat + verdict.executeWithinMs <= nowMs)
    return refused('execution_expired', 'The approval of this call ran out before it could run.', 'deny');
  return undefined;
};
