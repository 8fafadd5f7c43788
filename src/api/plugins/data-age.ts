/**
 * While Temporal cannot be reached, reads go on from the store, and say since when this server has not heard from it:
 * what is told was stored by then or since, and what has happened in Temporal and is not stored yet is missing.
 */
import type { RunGateway } from '../../gateway/run-gateway.ts';
import type { ApiServer } from '../server-type.ts';

export const DATA_AGE_HEADER = 'countersign-data-age';

/** Reads never wait for Temporal: it is asked beside them, at most so often. */
const CHECK_EVERY_MS = 2_000;

export function registerDataAge(app: ApiServer, gateway: Pick<RunGateway, 'isHealthy'>): void {
  let lastHeardMs = performance.now();
  let lastCheckMs = Number.NEGATIVE_INFINITY;
  let isAway = false;
  let isChecking = false;

  const check = async () => {
    isChecking = true;
    lastCheckMs = performance.now();
    const isHealthy = await gateway.isHealthy().catch(() => false);
    if (isHealthy) lastHeardMs = performance.now();
    isAway = !isHealthy;
    isChecking = false;
  };

  app.addHook('onRequest', async (request, reply) => {
    const { method, routeOptions, is404 } = request;
    if (is404 || routeOptions.config.public === true || (method !== 'GET' && method !== 'HEAD')) return;
    if (!isChecking && performance.now() - lastCheckMs >= CHECK_EVERY_MS) void check();
    if (isAway) reply.header(DATA_AGE_HEADER, Math.floor((performance.now() - lastHeardMs) / 1_000));
  });
}
