/** What a session's cookie holds: `ses_<id>.<secret>`. The token against forged requests is derived from the secret. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { apiKeyId, hashSecret } from './api-key.ts';

const PATTERN = /^(ses_[a-z2-7]{16})\.([A-Za-z0-9_-]{43})$/;

export interface NewSessionToken {
  readonly id: string;
  /** For the browser, and nobody else. */
  readonly cookie: string;
  readonly secret: string;
  /** What is stored. */
  readonly secretHash: string;
}

export function newSessionToken(): NewSessionToken {
  const id = `ses_${apiKeyId(randomBytes(16))}`;
  const secret = randomBytes(32).toString('base64url');
  return { id, cookie: `${id}.${secret}`, secret, secretHash: hashSecret(secret) };
}

/** Undefined for a text of another shape. */
export function parseSessionToken(text: string): { readonly id: string; readonly secret: string } | undefined {
  const match = PATTERN.exec(text);
  return match?.[1] && match[2] ? { id: match[1], secret: match[2] } : undefined;
}

/** Pages of the same origin can ask for it; others can neither read it nor work it out without the cookie. */
export const csrfTokenOf = (secret: string): string =>
  createHash('sha256').update(`countersign.csrf/v1\n${secret}`).digest('base64url');

export function isCsrfTokenOf(secret: string, presented: string): boolean {
  const expected = Buffer.from(csrfTokenOf(secret));
  const given = Buffer.from(presented);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
