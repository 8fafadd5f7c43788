/**
 * Answers to its own names only, so that no web page can reach a local server through a name of its own (DNS rebinding),
 * and none that was meant for somebody else.
 */
import { HttpProblem } from '../http-problem.ts';
import type { ApiServer } from '../server-type.ts';

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])$/i;
/** Whoever watches over processes calls them by their addresses. */
const PROBES = new Set(['/livez', '/readyz']);

/** `allowedHosts`: beside the loopback names. */
export function registerHostCheck(app: ApiServer, allowedHosts: readonly string[]): void {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  app.addHook('onRequest', async (request) => {
    const host = (request.headers.host ?? '').replace(/:\d{1,5}$/, '').toLowerCase();
    if (LOOPBACK_HOST.test(host) || allowed.has(host)) return;
    if (allowed.size > 0 && PROBES.has(request.url)) return;
    throw new HttpProblem('host_not_allowed');
  });
}
