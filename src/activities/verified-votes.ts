/** Signed decisions as the gate reads them: each must verify, and be about exactly this revision of this call. */
import { attestationOf, verifyCommand } from '../domain/core/attestation.ts';
import { approvalId } from '../domain/core/ids.ts';
import type { Attestation } from '../domain/core/judge-decision.ts';
import { DecideCommand } from '../domain/schemas/command.ts';
import type { SignedCommand, StartCommand } from '../domain/schemas/command.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import { verifySignature } from '../platform/verify-signature.ts';

export type Vote = Attestation & { readonly command: DecideCommand };

export interface DecidedCall {
  readonly toolCallId: string;
  readonly revision: number;
}

export type Verified = { readonly ok: true; readonly vote: Vote } | { readonly ok: false; readonly code: string };

export const verifyVote = (
  trust: TrustedKeys,
  start: StartCommand,
  call: DecidedCall,
  evidence: SignedCommand,
): Verified => {
  const attested = verifyCommand(evidence, { ...trust, verify: verifySignature }, start);
  if (!attested.ok) return { ok: false, code: `consent_${attested.code}` };
  const command = DecideCommand.safeParse(attested.command);
  if (!command.success) return { ok: false, code: 'consent_malformed' };
  const isThis =
    command.data.approvalId === approvalId(start.runId, call.toolCallId) && command.data.revision === call.revision;
  if (!isThis) return { ok: false, code: 'consent_for_another_call' };
  const { decision } = command.data;
  if (decision !== 'approve' && decision !== 'edit') return { ok: false, code: 'consent_not_given' };
  return { ok: true, vote: { ...attestationOf(attested.claims), command: command.data } };
};

/** All of them, or why one of them is none. */
export const verifyVotes = (
  trust: TrustedKeys,
  start: StartCommand,
  call: DecidedCall,
  evidence: readonly SignedCommand[],
): { readonly ok: true; readonly votes: readonly Vote[] } | { readonly ok: false; readonly code: string } => {
  const votes: Vote[] = [];
  for (const signed of evidence) {
    const verified = verifyVote(trust, start, call, signed);
    if (!verified.ok) return verified;
    votes.push(verified.vote);
  }
  return votes.length > 0 ? { ok: true, votes } : { ok: false, code: 'consent_missing' };
};
