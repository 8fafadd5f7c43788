/**
 * Signs compact JWS (RFC 7515, EdDSA per RFC 8037) where people wait for it: at once by OpenSSL, while `jose` goes through
 * WebCrypto's threads, which takes several times as long on a busy machine.
 */
import { createPrivateKey, sign } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** `key`: an Ed25519 key with its private part. `alg` is set here. */
export const compactSigner = (key: JsonWebKey, header: Readonly<Record<string, string>>) => {
  const privateKey = createPrivateKey({ key, format: 'jwk' });
  const protectedPart = encoded({ alg: 'EdDSA', ...header });
  return (payload: object): string => {
    const message = `${protectedPart}.${encoded(payload)}`;
    return `${message}.${sign(null, Buffer.from(message), privateKey).toString('base64url')}`;
  };
};
