/** The cookie of a session, and what keeps other sites from having a browser use it. */
import { isCsrfTokenOf, parseSessionToken } from '../../platform/session-token.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import type { AnyReply, AnyRequest } from '../server-type.ts';

export const CSRF_HEADER = 'countersign-csrf';

/** Browsers take `__Host-` from secure origins only; a server that has loopback names alone speaks plain HTTP. */
const isSecure = ({ allowedHosts }: Pick<Api, 'allowedHosts'>): boolean => allowedHosts.length > 0;

export const cookieName = (api: Pick<Api, 'allowedHosts'>): string =>
  isSecure(api) ? '__Host-countersign-session' : 'countersign-session';

export const sessionCookie = (api: Api, request: AnyRequest): string => request.cookies[cookieName(api)] ?? '';

const attributes = (api: Api) => ({ path: '/', httpOnly: true, sameSite: 'strict', secure: isSecure(api) }) as const;

export const setSessionCookie = (api: Api, reply: AnyReply, cookie: string, lifetimeMs: number): void =>
  void reply.setCookie(cookieName(api), cookie, { ...attributes(api), maxAge: Math.floor(lifetimeMs / 1_000) });

export const clearSessionCookie = (api: Api, reply: AnyReply): void =>
  void reply.clearCookie(cookieName(api), attributes(api));

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A browser sends the cookie with whatever makes it send a request. So one that changes something must say by
 * `Sec-Fetch-Site` or `Origin` that a page of ours made it, and carry what only such a page can know.
 */
export function assertOwnPage(api: Api, request: AnyRequest): void {
  if (SAFE_METHODS.has(request.method)) return;
  const { secret = '' } = parseSessionToken(sessionCookie(api, request)) ?? {};
  const token = request.headers[CSRF_HEADER];
  const isOurs = typeof token === 'string' && isCsrfTokenOf(secret, token) && comesFromHere(request);
  if (!isOurs) throw new HttpProblem('forged_request');
}

function comesFromHere({ headers }: AnyRequest): boolean {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (origin === undefined && site === undefined) return false;
  const isSite = site === undefined || site === 'same-origin';
  return isSite && (origin === undefined || URL.parse(origin)?.host === host);
}
