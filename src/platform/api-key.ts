/** API keys: `cs_<id>_<secret>`. Only a hash of the secret is ever stored; the key itself is shown once. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const PATTERN = /^cs_([a-z2-7]{16})_([A-Za-z0-9_-]{43})$/;

export interface NewApiKey {
  /** To find the credential by; not secret. 16 base32 characters. */
  readonly id: string;
  /** The whole key, to be shown once and never stored by the server. */
  readonly key: string;
  /** What is stored: SHA-256 of the secret as hex. */
  readonly secretHash: string;
}

/** Sixteen characters of what must be at least as many bytes: random, or a hash of what names the key. */
export const apiKeyId = (bytes: Uint8Array): string =>
  [...bytes.subarray(0, 16)].map((byte) => BASE32.charAt(byte & 31)).join('');

/** Of a new id, or a new secret for one that there is. */
export function newApiKey(id: string = apiKeyId(randomBytes(16))): NewApiKey {
  const secret = randomBytes(32).toString('base64url');
  return { id, key: `cs_${id}_${secret}`, secretHash: hashSecret(secret) };
}

/** What of a key may be shown: enough to tell one from another. */
export const apiKeyPrefix = (id: string): string => `cs_${id}`;

export interface PresentedKey {
  readonly id: string;
  readonly secret: string;
}

/** Takes a key apart; undefined for a text of another shape. */
export function parseApiKey(text: string): PresentedKey | undefined {
  const match = PATTERN.exec(text);
  return match?.[1] && match[2] ? { id: match[1], secret: match[2] } : undefined;
}

/** Whether the secret is the one behind the stored hash. Takes the same time for every wrong secret. */
export function isSecretOf(secretHash: string, secret: string): boolean {
  const stored = Buffer.from(secretHash, 'hex');
  const presented = Buffer.from(hashSecret(secret), 'hex');
  return stored.length === presented.length && timingSafeEqual(stored, presented);
}

// A plain hash is right here: the secret is 256 random bits, so there is no dictionary to try that salt or slowness
// would guard against, as there is for passwords.
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');
