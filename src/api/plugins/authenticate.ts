/** Who makes the request, and whether their roles include what the route does. Fails closed: no credential, no answer. */
import { LRUCache } from 'lru-cache';
import { isForPeople, reachOf } from '../../domain/authorise.ts';
import type { Actor } from '../../domain/schemas/actor.ts';
import { isSecretOf, parseApiKey } from '../../platform/api-key.ts';
import { findCredential, touchCredential } from '../../store/credentials.ts';
import type { Credential } from '../../store/credentials.ts';
import { delegationsTo } from '../../store/delegations.ts';
import type { Api, Caller } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import type { AnyRequest, ApiServer } from '../server-type.ts';

/** A revoked key is refused at the latest after this: the price of not asking the store on every request. */
const CACHE_TTL_MS = 2_000;
const CACHE_MAX = 10_000;
/** `lastUsedAt` is for people who tidy up: once a minute is often enough. */
const TOUCH_EVERY_MS = 60_000;

export const PROJECT_HEADER = 'countersign-project';

/** As many as an actor can carry. */
const MAX_GROUPS = 100;
const MAX_DELEGATORS = 20;

/** Somebody who has handed their part to another for a time. */
type Delegator = Awaited<ReturnType<typeof delegationsTo>>[number];

export function registerAuthentication(app: ApiServer, api: Api): void {
  const credentials = new LRUCache<string, Credential>({ max: CACHE_MAX, ttl: CACHE_TTL_MS });
  const delegators = new LRUCache<string, readonly Delegator[]>({ max: CACHE_MAX, ttl: CACHE_TTL_MS });

  const find = async (id: string): Promise<Credential | undefined> => {
    const cached = credentials.get(id);
    if (cached) return cached;
    const found = await findCredential(api.store, id);
    if (found) credentials.set(id, found);
    return found;
  };

  /** Only people take over another's part: services decide nothing. */
  const findDelegators = async ({ tenant, principal, kind }: Credential, project: string, nowMs: number) => {
    if (kind !== 'person') return [];
    const key = `${tenant}/${project}/${principal}`;
    const cached = delegators.get(key);
    if (cached) return cached;
    const found = await delegationsTo(api.store, tenant, project, principal, nowMs);
    delegators.set(key, found);
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
    const scope = { tenant: credential.tenant, project: projectOf(credential, request) };
    const own = ownActor(credential);
    return {
      scope,
      actor: withDelegators(own, await findDelegators(credential, scope.project, nowMs)),
      own,
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
    // That only people do this is more to the point than which of them.
    const isForOthers = config.action && isForPeople(config.action) && request.caller.actor.kind === 'service';
    if (isForOthers) throw new HttpProblem('service_cannot_decide');
    if (!reach) throw new HttpProblem('forbidden');
    request.reach = reach;
  });
}

/** Who a key speaks for. Its creator is named where that is somebody else. */
const ownActor = ({ principal, kind, groups, id, createdBy }: Credential): Actor => ({
  principal,
  kind,
  groups: [...groups],
  credentialId: id,
  ...(createdBy !== null && createdBy !== principal && { createdBy }),
});

function withDelegators(own: Actor, delegators: readonly Delegator[]): Actor {
  if (delegators.length === 0) return own;
  const counted = delegators.slice(0, MAX_DELEGATORS);
  const groups = new Set([...own.groups, ...counted.flatMap((one) => one.groups)]);
  return {
    ...own,
    groups: [...groups].slice(0, MAX_GROUPS),
    delegatedFrom: [...new Set(counted.map(({ from }) => from))],
  };
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
