/** Checks tokens of identity providers by their published keys. Whatever goes wrong, the token is none. */
import { createHash } from 'node:crypto';
import { createRemoteJWKSet, customFetch, decodeJwt, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import type { Logger } from '../logger.ts';
import type { GuardedFetch } from '../outgoing/guarded-fetch.ts';
import { readClaims } from './read-claims.ts';
import type { TokenSubject } from './read-claims.ts';
import type { IssuerConfig, TokenConfig } from './token-config.ts';

export interface VerifiedToken extends TokenSubject {
  /** Names the token in what is signed and logged; nothing can be learned from it. */
  readonly credentialId: string;
  readonly endsAtMs: number;
}

export interface TokenVerifier {
  /** Undefined where the token is not to be believed, for whatever reason: the log has it. */
  verify(token: string, nowMs: number): Promise<VerifiedToken | undefined>;
}

export interface KeyFetching {
  /** How long the issuer may take to answer. @default 5000 */
  readonly timeoutMs?: number;
  /** How long fetched keys count. An issuer that is away longer than this has no tokens here. @default 600000 */
  readonly maxAgeMs?: number;
  /** How soon after a fetch an unknown key makes another, so that nobody can make us ask all the time. @default 30000 */
  readonly cooldownMs?: number;
  /** @default the global one, which goes anywhere */
  readonly fetch?: GuardedFetch;
}

/** How soon after a failure the issuer is asked again. */
const RETRY_AFTER_MS = 1_000;

const looksLikeToken = (text: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text);

export function createTokenVerifier(config: TokenConfig, logger: Logger, fetching: KeyFetching = {}): TokenVerifier {
  const issuers = new Map(
    config.issuers.map((issuer) => [issuer.issuer, { issuer, keys: remoteKeys(issuer, logger, fetching) }]),
  );
  return {
    async verify(token, nowMs) {
      if (!looksLikeToken(token)) return undefined;
      // Only to find out whose keys to try: nothing of it is believed yet.
      const known = issuers.get(claimedIssuer(token) ?? '');
      if (!known) return undefined;
      const { issuer, keys } = known;
      const payload = await verified(token, issuer, keys, nowMs).catch((error: unknown) => {
        logger.info({ issuer: issuer.issuer, code: codeOf(error) }, 'token.verification_failed');
        return undefined;
      });
      if (!payload) return undefined;
      const subject = readClaims(issuer, payload);
      if ('fault' in subject) {
        logger.info({ issuer: issuer.issuer, code: subject.fault }, 'token.claims_refused');
        return undefined;
      }
      const endsAtMs = endOf(issuer, payload);
      return { ...subject, credentialId: credentialIdOf(issuer, payload, token), endsAtMs };
    },
  };
}

type Keys = ReturnType<typeof createRemoteJWKSet>;

function remoteKeys({ jwksUrl, issuer }: IssuerConfig, logger: Logger, fetching: KeyFetching): Keys {
  const { timeoutMs = 5_000, maxAgeMs = 600_000, cooldownMs = 30_000, fetch = globalThis.fetch } = fetching;
  let failedAtMs = -Infinity;
  return createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: timeoutMs,
    cacheMaxAge: maxAgeMs,
    cooldownDuration: cooldownMs,
    [customFetch]: async (url, options) => {
      if (performance.now() - failedAtMs < RETRY_AFTER_MS) throw new Error('The keys could not be fetched just now.');
      try {
        const response = await fetch(url, options);
        if (!response.ok) throw new Error(`The keys were answered with ${response.status}.`);
        return response;
      } catch (error) {
        failedAtMs = performance.now();
        logger.warn({ err: error, issuer }, 'token.keys_unavailable');
        throw error;
      }
    },
  });
}

async function verified(token: string, issuer: IssuerConfig, keys: Keys, nowMs: number): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, keys, {
    issuer: issuer.issuer,
    audience: issuer.audience,
    algorithms: [...issuer.algorithms],
    clockTolerance: issuer.clockToleranceSeconds,
    currentDate: new Date(nowMs),
    requiredClaims: ['exp'],
    ...(issuer.tokenType !== undefined && { typ: issuer.tokenType }),
    ...(issuer.maxAgeSeconds !== undefined && { maxTokenAge: issuer.maxAgeSeconds }),
  });
  return payload;
}

function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** The same as the check has it: a token counts a little longer than it says. */
function endOf({ clockToleranceSeconds, maxAgeSeconds }: IssuerConfig, { exp = 0, iat }: JWTPayload): number {
  const ends = [exp, ...(maxAgeSeconds === undefined || iat === undefined ? [] : [iat + maxAgeSeconds])];
  return (Math.min(...ends) + clockToleranceSeconds) * 1_000;
}

const credentialIdOf = ({ issuer }: IssuerConfig, { jti }: JWTPayload, token: string): string =>
  `jwt_${createHash('sha256')
    .update(JSON.stringify([issuer, jti ?? token]))
    .digest('hex')
    .slice(0, 32)}`;

const codeOf = (error: unknown): string => (error instanceof errors.JOSEError ? error.code : 'keys_unavailable');
