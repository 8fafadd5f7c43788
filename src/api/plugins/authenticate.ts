/** Who makes the request, and whether their roles include what the route does. Fails closed: no credential, no answer. */
import { LRUCache } from 'lru-cache';
import { isForPeople, reachOf } from '../../domain/authorise.ts';
import type { Reach } from '../../domain/authorise.ts';
import type { Actor } from '../../domain/schemas/actor.ts';
import { delegationsTo } from '../../store/delegations.ts';
import type { Api, Caller } from '../dependencies.ts';
import { forbidden } from '../forbidden.ts';
import { HttpProblem } from '../http-problem.ts';
import { Credentials } from '../identity/credentials.ts';
import { actorOf } from '../identity/identity.ts';
import type { Identity } from '../identity/identity.ts';
import type { AnyRequest, ApiServer } from '../server-type.ts';

/** An ended delegation counts at the latest until then: the price of not asking the store on every request. */
const CACHE_TTL_MS = 2_000;
const CACHE_MAX = 10_000;

export const PROJECT_HEADER = 'countersign-project';

/** As many as a signature has room for, one's own and those of all delegators together. */
const MAX_GROUPS = 100;
const MAX_DELEGATORS = 20;

/** Somebody who has handed their part to another for a time. */
type Delegator = Awaited<ReturnType<typeof delegationsTo>>[number];

export function registerAuthentication(app: ApiServer, api: Api): void {
  const credentials = new Credentials(api);
  const delegators = new LRUCache<string, readonly Delegator[]>({ max: CACHE_MAX, ttl: CACHE_TTL_MS });

  /** Only people take over another's part: services decide nothing. */
  const findDelegators = async ({ tenant, principal, kind }: Identity, project: string, nowMs: number) => {
    if (kind !== 'person') return [];
    const key = `${tenant}/${project}/${principal}`;
    const cached = delegators.get(key);
    if (cached) return cached;
    const found = await delegationsTo(api.store, tenant, project, principal, nowMs);
    delegators.set(key, found);
    return found;
  };

  const authenticate = async (request: AnyRequest, isUse = true): Promise<Caller> => {
    const nowMs = await api.clock.nowMs();
    const identity = await credentials.identify(request, nowMs, isUse);
    // One answer for unknown, wrong, revoked and expired: nothing is told to who only guesses.
    if (!identity) throw new HttpProblem('unauthenticated');
    const scope = { tenant: identity.tenant, project: projectOf(identity, request) };
    const own = actorOf(identity);
    return {
      scope,
      actor: withDelegators(own, await findDelegators(identity, scope.project, nowMs)),
      own,
      roles: identity.roles,
      projects: identity.projects,
      channel: identity.channel,
      authenticatedAtMs: nowMs,
      endsAtMs: identity.endsAtMs,
      ...(identity.sessionId !== undefined && { sessionId: identity.sessionId }),
    };
  };

  app.decorateRequest('caller', null as unknown as Caller);
  app.decorateRequest('reach', 'own');
  app.decorateRequest('recheck', null as unknown as () => Promise<void>);
  app.addHook('onRequest', async (request) => {
    const { config } = request.routeOptions;
    if (config.public === true && !request.is404) return;
    request.caller = await authenticate(request);
    if (request.is404) return;
    request.reach = allowedReach(request);
    request.recheck = async () => {
      request.caller = await authenticate(request, false);
      request.reach = allowedReach(request);
    };
  });
}

function allowedReach({ caller, routeOptions }: AnyRequest): Reach {
  const { action } = routeOptions.config;
  // Every route that is not public names one.
  if (!action) throw new HttpProblem('forbidden');
  const reach = reachOf(caller.roles, action);
  // That only people do this is more to the point than which of them.
  if (isForPeople(action) && caller.actor.kind === 'service') throw new HttpProblem('service_cannot_decide');
  if (!reach) throw forbidden(action);
  return reach;
}

/** Each delegator with the groups that come from them: it matters by whose authority somebody counts. */
function withDelegators(own: Actor, delegators: readonly Delegator[]): Actor {
  if (delegators.length === 0) return own;
  let left = MAX_GROUPS - own.groups.length;
  const delegatedFrom = delegators.slice(0, MAX_DELEGATORS).map(({ from, groups }) => {
    const handed = groups.slice(0, Math.max(0, left));
    left -= handed.length;
    return { principal: from, groups: handed };
  });
  return { ...own, delegatedFrom };
}

/** The project that the request names, else the credential's first. */
function projectOf({ projects }: Identity, request: AnyRequest): string {
  const named = request.headers[PROJECT_HEADER];
  const [first] = projects;
  if (first === undefined || (named !== undefined && !projects.includes(String(named)))) {
    throw new HttpProblem('project_not_allowed');
  }
  return named === undefined ? first : String(named);
}
