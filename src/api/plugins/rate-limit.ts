/**
 * How many requests a minute a principal, a tenant and an address may make: by kind of request, each replica by itself.
 * Every answer says how much is left (`RateLimit-*`); one request too many is answered 429 with `Retry-After`.
 */
import { hash } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import { LRUCache } from 'lru-cache';
import type { Action } from '../../domain/authorise.ts';
import type { Rates } from '../../platform/rates.ts';
import { HttpProblem } from '../http-problem.ts';
import type { AnyReply, AnyRequest, ApiServer } from '../server-type.ts';

const WINDOW_MS = 60_000;
/** Principals, tenants and addresses counted at once; the ones unseen for longest are forgotten first. */
const MAX_COUNTED = 50_000;
/** How long who has shown a good credential is spared from what others do at the same address. */
const PROVEN_MS = 600_000;

const DECISIONS: ReadonlySet<Action | undefined> = new Set<Action>([
  'run.approval.decide',
  'run.question.answer',
  'run.approval.claim',
  'run.approval.extend',
]);

type Kind = 'reads' | 'writes' | 'decisions';

const kindOf = ({ method, routeOptions, is404 }: AnyRequest): Kind => {
  if (is404 || method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return 'reads';
  return DECISIONS.has(routeOptions.config.action) ? 'decisions' : 'writes';
};

type Limiter = ReturnType<ApiServer['createRateLimit']>;
type Counted = Extract<Awaited<ReturnType<Limiter>>, { readonly isAllowed: false }>;

/** In two parts, since authentication comes in between. */
export interface RateLimits {
  /** Turns addresses away that have tried too many credentials that are none. */
  beforeAuthentication(): void;
  afterAuthentication(): void;
}

export async function registerRateLimits(app: ApiServer, rates: Rates): Promise<RateLimits> {
  await app.register(rateLimit, { global: false, cache: MAX_COUNTED, timeWindow: WINDOW_MS });
  const limiter = (max: number, keyGenerator: (request: AnyRequest) => string) =>
    app.createRateLimit({ max, timeWindow: WINDOW_MS, keyGenerator });
  const ofPrincipal = (max: number) => limiter(max, ({ caller }) => `${caller.scope.tenant}/${caller.actor.principal}`);
  const ofTenant = (max: number) => limiter(max, ({ caller }) => caller.scope.tenant);
  const limiters: Record<Kind, readonly Limiter[]> = {
    reads: [ofPrincipal(rates.reads), ofTenant(rates.tenantReads)],
    writes: [ofPrincipal(rates.writes), ofTenant(rates.tenantWrites)],
    decisions: [ofPrincipal(rates.decisions), ofTenant(rates.tenantDecisions)],
  };
  const anonymous = app.createRateLimit({ max: rates.anonymous, timeWindow: WINDOW_MS });
  const failures = app.createRateLimit({ max: rates.failures, timeWindow: WINDOW_MS });
  const proven = new LRUCache<string, true>({ max: MAX_COUNTED, ttl: PROVEN_MS });

  const count = async (request: AnyRequest, reply: AnyReply, by: readonly Limiter[]) => {
    const answers = await Promise.all(by.map((one) => one(request)));
    const counted = answers.filter((answer): answer is Counted => !answer.isAllowed);
    const tightest = counted.toSorted(
      (a, b) => Number(b.isExceeded) - Number(a.isExceeded) || a.remaining - b.remaining,
    )[0];
    if (tightest) tell(reply, tightest);
  };

  return {
    beforeAuthentication() {
      app.addHook('onRequest', async (request) => {
        if (isOpen(request) || proven.has(presented(request))) return;
        const failed = await failures(request, { increment: false });
        if (!failed.isAllowed && failed.remaining === 0) throw tooMany(failed.ttlInSeconds);
      });
      app.addHook('onSend', async (request, reply) => {
        if (reply.statusCode === 401) await failures(request);
      });
    },
    afterAuthentication() {
      app.addHook('onRequest', async (request, reply) => {
        const { url } = request.routeOptions;
        // Asked by whoever watches over the process, and answered from nothing.
        if (url === '/livez') return;
        if (isOpen(request)) return count(request, reply, [anonymous]);
        proven.set(presented(request), true);
        await count(request, reply, limiters[kindOf(request)]);
      });
    },
  };
}

const isOpen = (request: AnyRequest): boolean => request.routeOptions.config.public === true && !request.is404;

/** Whatever the request shows of who sends it; not kept as it is. */
const presented = ({ headers }: AnyRequest): string =>
  hash('sha256', `${headers.authorization ?? ''}\n${headers.cookie ?? ''}`);

function tell(reply: AnyReply, { max, remaining, ttlInSeconds, isExceeded }: Counted): void {
  reply.headers({
    'ratelimit-limit': max,
    'ratelimit-remaining': remaining,
    'ratelimit-reset': ttlInSeconds,
  });
  if (isExceeded) throw tooMany(ttlInSeconds);
}

const tooMany = (seconds: number) =>
  new HttpProblem('rate_limited', { headers: { 'retry-after': String(Math.max(1, seconds)) } });
