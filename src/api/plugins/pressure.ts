/** Turns requests away while this process cannot keep up, so that what it has begun is finished. */
import underPressure from '@fastify/under-pressure';
import { HttpProblem } from '../http-problem.ts';
import type { AnyRequest, ApiServer } from '../server-type.ts';

/** Load goes elsewhere, or has gone, by then. */
const RETRY_AFTER_SECONDS = '5';
/** Starting takes the event loop for seconds on a slow machine, which says nothing of how it will keep up. */
const STARTING_MS = 5_000;

export async function registerPressure(app: ApiServer, maxEventLoopDelay: number): Promise<void> {
  const startedMs = performance.now();
  await app.register(underPressure, {
    maxEventLoopDelay,
    // Asynchronous, so that what it throws is answered as any problem is.
    pressureHandler: async (request: AnyRequest) => {
      // Busy is not dead: a restart would only lose what is under way.
      if (request.routeOptions.url === '/livez') return;
      if (performance.now() - startedMs < STARTING_MS) return;
      throw new HttpProblem('overloaded', { headers: { 'retry-after': RETRY_AFTER_SECONDS } });
    },
  });
}
