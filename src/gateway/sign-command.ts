/** Signs what people command. The only holder of the private key is the bridge. */
import { createHmac, hkdfSync, randomUUID } from 'node:crypto';
import { COMMAND_TYPE } from '../domain/core/attestation.ts';
import { digestOf } from '../domain/core/digest.ts';
import type { Actor, Channel } from '../domain/schemas/actor.ts';
import type { Command, CommandClaims, SignedCommand } from '../domain/schemas/command.ts';
import { trustedKeys } from '../platform/signing-keys.ts';
import type { SigningKeys, TrustedKeys } from '../platform/signing-keys.ts';
import { compactSigner } from '../platform/compact-signer.ts';

export interface SigningContext {
  readonly tenant: string;
  readonly project: string;
  readonly actor: Actor;
  /** When the actor's credential was checked, milliseconds. */
  readonly authTime: number;
  readonly channel: Channel;
  readonly nowMs: number;
}

export interface CommandSigner {
  /** The command must have passed its schema: it is signed as it is. */
  sign(command: Command, context: SigningContext): Promise<SignedCommand>;
  /**
   * A hash that only the bridge can make, the same on every replica: names what people wrote, and lets nobody else try
   * texts against it.
   */
  fingerprint(text: string): Uint8Array;
  /** The public signing keys, for `/.well-known/jwks.json`. */
  jwks(): { keys: readonly Record<string, string>[] };
  /** What verifying needs: public. */
  trust(): TrustedKeys;
}

const decisionClaims = (command: Command): Partial<CommandClaims> => {
  if (command.type !== 'decide') return {};
  const { approvalId, revision, digest, edited } = command;
  const effective = edited?.digest ?? digest;
  return {
    approvalId,
    revision,
    ...(digest && { shownDigest: digest }),
    ...(effective && { effectiveDigest: effective }),
  };
};

export const createCommandSigner = async (keys: SigningKeys): Promise<CommandSigner> => {
  // From the anchor: signing keys rotate, and a request that comes again must still be the same.
  const secret = Buffer.from(hkdfSync('sha256', keys.anchor.d, '', 'countersign.fingerprint/v1', 32));
  const signed = compactSigner(keys.key, { typ: 'countersign-command+jws', kid: keys.kid, cert: keys.certificate });
  return {
    async sign(command, { actor, authTime, channel, nowMs, tenant, project }) {
      const bytes = JSON.stringify(command);
      const claims: CommandClaims = {
        typ: COMMAND_TYPE,
        aud: keys.audience,
        tenant,
        project,
        ...(command.runId && { runId: command.runId }),
        ...decisionClaims(command),
        commandDigest: digestOf(bytes),
        actor: { ...actor, authTime },
        channel,
        iat: nowMs,
        jti: randomUUID(),
      };
      return { bytes, jws: signed(claims) };
    },
    fingerprint: (text) => createHmac('sha256', secret).update(text).digest(),
    trust: () => trustedKeys(keys),
    jwks: () => ({
      keys: [{ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA', kid: keys.kid, x: keys.key.x }],
    }),
  };
};
