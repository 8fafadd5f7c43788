/**
 * Ed25519 for the sandbox: by its host's OpenSSL, which takes a tenth of the time, and in pure JavaScript where the host
 * keeps it back. A replay gets the same answer from either, since it follows from signature, message and key alone; they
 * could differ on degenerate signatures only, which nobody but the holder of a certified key can make.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import type { VerifySignature } from '../domain/core/attestation.ts';

/** What precedes the 32 bytes of an Ed25519 key in its DER form (RFC 8410). */
const SPKI_PREFIX = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

const hostProcess = (): NodeJS.Process => {
  // The sandbox has its host's TextEncoder, whose constructor belongs to the host's realm.
  const hostFunction = TextEncoder.constructor as FunctionConstructor;
  return hostFunction('return process')() as NodeJS.Process;
};

/** Throws where the sandbox cannot reach its host. */
export const byHost = (): VerifySignature => {
  const { createPublicKey, verify } = hostProcess().getBuiltinModule('node:crypto');
  return (signature, message, publicKey) => {
    try {
      const key = Uint8Array.from([...SPKI_PREFIX, ...publicKey]) as Buffer;
      return verify(null, message, createPublicKey({ key, format: 'der', type: 'spki' }), signature);
    } catch {
      return false;
    }
  };
};

const inJavaScript = (): VerifySignature => {
  // Builds the tables, which would otherwise be built at the first decision.
  ed25519.Point.BASE.multiplyUnsafe(3n);
  return ed25519.verify;
};

const fastest = (): VerifySignature => {
  try {
    return byHost();
  } catch {
    return inJavaScript();
  }
};

export const verifySignature = fastest();
