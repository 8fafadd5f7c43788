/** Who makes the request, and whether their roles include what the route does. Fails closed: no credential, no answer. */
import { LRUCache } from 'lru-cache';
import { reachOf } from '../../domain/authorise.ts';
import { isSecretOf, parseApiKey } from '../../platform/api-key.ts';
import { findCredential, touchCredential } from '../../store/credentials.ts';
import type { Credential } from '../../store/credentials.ts';
import type { Api, Caller } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import type { AnyRequest, ApiServer } from '../server-type.ts';

/** A revoked key is refused at the latest after this: the price of not asking the store on every request. */
const CACHE_TTL_MS = 2_000;
const CACHE_MAX = 10_000;
/** `lastUsedAt` is for people who tidy up: once a minute is often enough. */
const TOUCH_EVERY_MS = 60_000;

export const PROJECT_HEADER = 'countersign-project';

export function registerAuthentication(app: ApiServer, api: Api): void {
  const credentials = new LRUCache<string, Credential>({ max: CACHE_MAX, ttl: CACHE_TTL_MS });

  const find = async (id: string): Promise<Credential | undefined> => {
    const cached = credentials.get(id);
    if (cached) return cached;
    const found = await findCredential(api.store, id);
    if (found) credentials.set(id, found);
    return found;
  };

  const authenticate = async (request: AnyRequest): Promise<Caller> => {
    const presented = parseApiKey(bearerToken(request.headers.authorization));
    if (!presented) throw new HttpProblem('unauthenticated');
    const [credential, nowMs] = await Promise.all([find(presented.id), api.clock.nowMs()]);
    // One answer for unknown, wrong, revoked and expired: nothing is told to who only guesses.
    if (!credential || !isSecretOf(credential.secretHash, presented.secret) || !isLive(credential, nowMs)) {
      throw new HttpProblem('unauthenticated');
    }
    touch(credential, nowMs);
    return {
      scope: { tenant: credential.tenant, project: projectOf(credential, request) },
      actor: {
        principal: credential.principal,
        kind: credential.kind,
        groups: [...credential.groups],
        credentialId: credential.id,
      },
      roles: credential.roles,
      authenticatedAtMs: nowMs,
    };
  };

  const touch = (credential: Credential, nowMs: number) => {
    if (nowMs - (credential.lastUsedAt ?? 0) < TOUCH_EVERY_MS) return;
    credentials.set(credential.id, { ...credential, lastUsedAt: nowMs });
    touchCredential(api.store, credential.id, nowMs).catch((error: unknown) =>
      api.logger.warn({ err: error }, 'credential.touch_failed'),
    );
  };

  app.decorateRequest('caller', null as unknown as Caller);
  app.decorateRequest('reach', 'own');
  app.addHook('onRequest', async (request) => {
    const { config } = request.routeOptions;
    if (config.public === true && !request.is404) return;
    request.caller = await authenticate(request);
    if (request.is404) return;
    const reach = config.action && reachOf(request.caller.roles, config.action);
    // Services hear from the route itself that only people decide: that is more to the point.
    const isDecidingService = config.action === 'run.approval.decide' && request.caller.actor.kind === 'service';
    if (!reach && !isDecidingService) throw new HttpProblem('forbidden');
    request.reach = reach ?? 'own';
  });
}

const bearerToken = (header: string | undefined): string => /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? '';

const isLive = ({ revokedAt, expiresAt }: Credential, nowMs: number): boolean =>
  revokedAt === null && (expiresAt === null || nowMs < expiresAt);

/** The project that the request names, else the credential's first. */
function projectOf(credential: Credential, request: AnyRequest): string {
  const named = request.headers[PROJECT_HEADER];
  const [first] = credential.projects;
  if (first === undefined || (named !== undefined && !credential.projects.includes(String(named)))) {
    throw new HttpProblem('project_not_allowed');
  }
  return named === undefined ? first : String(named);
}
