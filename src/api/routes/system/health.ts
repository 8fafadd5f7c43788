import { Live, Ready } from '../../../contract/health.ts';
import type { Api } from '../../dependencies.ts';
import { json } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';

/** Liveness says that the process answers; readiness that what it depends on does, too. */
export function registerHealth(app: ApiServer, api: Api): void {
  app.get('/livez', {
    config: { public: true },
    schema: {
      operationId: 'live',
      tags: ['system'],
      summary: 'Is the process alive?',
      description: 'For whoever restarts it. It asks nothing of store or Temporal: their outage is no reason to.',
      security: [],
      response: { 200: json('It is', Live) },
    },
    handler: async () => ({ status: 'ok' as const }),
  });

  app.get('/readyz', {
    config: { public: true },
    schema: {
      operationId: 'ready',
      tags: ['system'],
      summary: 'Can the process serve?',
      description: 'For whoever sends it requests: 503 while store or Temporal do not answer within two seconds.',
      security: [],
      response: { 200: json('It can', Ready), 503: json('Something it depends on does not answer', Ready) },
    },
    handler: async (_request, reply) => {
      const [store, temporal] = await Promise.all([
        withinMs(CHECK_TIMEOUT_MS, api.store.pool.query('select 1')),
        withinMs(CHECK_TIMEOUT_MS, api.gateway.isHealthy()),
      ]);
      const checks = {
        store: store ? ('ok' as const) : ('unavailable' as const),
        temporal: temporal === true ? ('ok' as const) : ('unavailable' as const),
      };
      const ready = checks.store === 'ok' && checks.temporal === 'ok';
      reply.header('cache-control', 'no-store');
      if (ready) return reply.send({ status: 'ok', checks });
      return reply.code(503).header('retry-after', '2').send({ status: 'unavailable', checks });
    },
  });
}

const CHECK_TIMEOUT_MS = 2_000;

/** What the check gives; undefined where it fails or takes too long. */
async function withinMs<T>(timeoutMs: number, check: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([check.catch(() => undefined), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
