/**
 * Verifies signed commands. Pure: the workflow sandbox, the gate and an auditor's machine run the same code, each with
 * the Ed25519 implementation it has.
 *
 * A command is `{bytes, jws}`: `jws` is a compact JWS (RFC 7515, EdDSA per RFC 8037) whose payload names the digest of
 * `bytes`. Its protected header carries the signing key's certificate: a JWS by a trust anchor. Anchors are pinned when
 * a run starts, so rotating the signing key touches no parked run.
 */
import type { Command, CommandClaims, SignedCommand } from '../schemas/command.ts';
import { fromBase64Url } from './base64url.ts';
import { digestOf } from './digest.ts';
import type { Attestation } from './judge-decision.ts';

export const COMMAND_TYPE = 'countersign.command/v1';
export const KEY_TYPE = 'countersign.key/v1';

export type VerifySignature = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;

/** A signing key as certified by an anchor. Times in milliseconds. */
export interface KeyCertificate {
  readonly typ: typeof KEY_TYPE;
  readonly kid: string;
  /** The public key, base64url. */
  readonly x: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface Trust {
  /** Ed25519 public keys, base64url. */
  readonly anchors: readonly string[];
  readonly audience: string;
  readonly verify: VerifySignature;
}

export type AttestationFault =
  | 'malformed'
  | 'wrong_type'
  | 'untrusted_key'
  | 'key_not_valid_then'
  | 'bad_signature'
  | 'wrong_audience'
  | 'wrong_run'
  | 'altered_command';

export type Attested =
  | { readonly ok: true; readonly command: Command; readonly claims: CommandClaims }
  | { readonly ok: false; readonly code: AttestationFault };

interface Jws {
  readonly header: Record<string, unknown>;
  readonly payload: Record<string, unknown>;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

const jsonObject = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
};

const decodeJws = (compact: string): Jws | undefined => {
  const [protectedPart, payloadPart, signaturePart, ...rest] = compact.split('.');
  if (!protectedPart || !payloadPart || !signaturePart || rest.length > 0) return undefined;
  const headerBytes = fromBase64Url(protectedPart);
  const payloadBytes = fromBase64Url(payloadPart);
  const signature = fromBase64Url(signaturePart);
  if (!headerBytes || !payloadBytes || signature?.length !== 64) return undefined;
  const decoder = new TextDecoder();
  const header = jsonObject(decoder.decode(headerBytes));
  const payload = jsonObject(decoder.decode(payloadBytes));
  if (!header || !payload || header['alg'] !== 'EdDSA') return undefined;
  return { header, payload, message: new TextEncoder().encode(`${protectedPart}.${payloadPart}`), signature };
};

/**
 * Certificates that verified, by anchors and text. The answer follows from the key alone, so sharing it between runs
 * changes nothing but the time it takes.
 */
const certified = new Map<string, KeyCertificate>();
const MAX_REMEMBERED = 64;

const certifiedKey = (certificate: unknown, trust: Trust): KeyCertificate | undefined => {
  if (typeof certificate !== 'string') return undefined;
  const name = `${trust.anchors.join()} ${certificate}`;
  const known = certified.get(name) ?? verifiedKey(certificate, trust);
  if (!known) return undefined;
  if (certified.size >= MAX_REMEMBERED) certified.clear();
  certified.set(name, known);
  return known;
};

const verifiedKey = (certificate: string, trust: Trust): KeyCertificate | undefined => {
  const jws = decodeJws(certificate);
  if (!jws || jws.payload['typ'] !== KEY_TYPE) return undefined;
  const signed = trust.anchors.some((anchor) => {
    const key = fromBase64Url(anchor);
    return key?.length === 32 && trust.verify(jws.signature, jws.message, key);
  });
  // An anchor signs nothing but certificates that we made, so the payload has the shape of one.
  return signed ? (jws.payload as unknown as KeyCertificate) : undefined;
};

/** Checks everything about a signed command but whether it may do what it asks. */
export const verifyCommand = (
  signed: SignedCommand,
  trust: Trust,
  run: { readonly tenant: string; readonly project: string; readonly runId: string },
): Attested => {
  if (typeof signed?.bytes !== 'string' || typeof signed.jws !== 'string') return { ok: false, code: 'malformed' };
  const jws = decodeJws(signed.jws);
  const command = jsonObject(signed.bytes);
  if (!jws || !command) return { ok: false, code: 'malformed' };
  if (jws.payload['typ'] !== COMMAND_TYPE) return { ok: false, code: 'wrong_type' };
  const key = certifiedKey(jws.header['cert'], trust);
  const publicKey = key && fromBase64Url(key.x);
  if (!key || publicKey?.length !== 32) return { ok: false, code: 'untrusted_key' };
  if (!trust.verify(jws.signature, jws.message, publicKey)) return { ok: false, code: 'bad_signature' };
  // The bridge signs claims of its own making only, so from here on the payload is known to be claims.
  const claims = jws.payload as unknown as CommandClaims;
  if (claims.iat < key.notBefore || claims.iat > key.notAfter) return { ok: false, code: 'key_not_valid_then' };
  if (claims.aud !== trust.audience) return { ok: false, code: 'wrong_audience' };
  if (claims.tenant !== run.tenant || claims.project !== run.project || claims.runId !== run.runId)
    return { ok: false, code: 'wrong_run' };
  if (claims.commandDigest !== digestOf(signed.bytes)) return { ok: false, code: 'altered_command' };
  return { ok: true, command: command as unknown as Command, claims };
};

/** What a verified signature says of a command: who gave it, how and when. */
export const attestationOf = ({ actor, channel, iat, jti, commandDigest }: CommandClaims): Attestation => {
  const { authTime: _, ...person } = actor;
  return { actor: person, channel, attestedAt: iat, signatureId: jti, commandDigest };
};

/** A compact JWS of a certified signing key that is no command. `payload` is whatever was signed. */
export const verifySigned = (
  compact: string,
  trust: Trust,
): { readonly ok: true; readonly payload: unknown } | { readonly ok: false; readonly code: AttestationFault } => {
  const jws = decodeJws(compact);
  if (!jws) return { ok: false, code: 'malformed' };
  const key = certifiedKey(jws.header['cert'], trust);
  const publicKey = key && fromBase64Url(key.x);
  if (publicKey?.length !== 32) return { ok: false, code: 'untrusted_key' };
  if (!trust.verify(jws.signature, jws.message, publicKey)) return { ok: false, code: 'bad_signature' };
  return jws.payload['aud'] === trust.audience
    ? { ok: true, payload: jws.payload }
    : { ok: false, code: 'wrong_audience' };
};
