/** Ed25519 by OpenSSL, for processes outside the workflow sandbox: about ten times as fast as pure JavaScript. */
import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { VerifySignature } from '../domain/core/attestation.ts';

const keys = new Map<string, KeyObject>();
const MAX_KEYS = 64;

const keyObject = (publicKey: Uint8Array): KeyObject => {
  const x = Buffer.from(publicKey).toString('base64url');
  const known = keys.get(x);
  if (known) return known;
  if (keys.size >= MAX_KEYS) keys.clear();
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  keys.set(x, key);
  return key;
};

export const verifySignature: VerifySignature = (signature, message, publicKey) => {
  try {
    return verify(null, message, keyObject(publicKey), signature);
  } catch {
    return false;
  }
};
