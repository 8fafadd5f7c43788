/** A recorded cancel as the core takes it. One that does not verify is obeyed all the same: it only tightens. */
import { attestationOf, verifyCommand } from '../domain/core/attestation.ts';
import type { CoreCommand } from '../domain/core/decide.ts';
import type { RunIdentity } from '../domain/core/state.ts';
import type { SignedCommand } from '../domain/schemas/command.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import { verifySignature } from '../platform/verify-signature.ts';

export const readCancel = (signed: SignedCommand, trust: TrustedKeys, identity: RunIdentity): CoreCommand => {
  const attested = verifyCommand(signed, { ...trust, verify: verifySignature }, identity);
  if (!attested.ok || attested.command.type !== 'cancel') return { type: 'cancel', channel: 'system' };
  const { reasonRef, replacedBy } = attested.command;
  const { attestedAt: _, ...by } = attestationOf(attested.claims);
  return { type: 'cancel', ...by, ...(reasonRef && { reasonRef }), ...(replacedBy && { replacedBy }) };
};
