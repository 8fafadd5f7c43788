/** Answers to loopback names only, so that no web page can reach a local server through a name of its own (DNS rebinding). */
import { HttpProblem } from '../http-problem.ts';
import type { ApiServer } from '../server-type.ts';

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i;

export function registerHostCheck(app: ApiServer): void {
  app.addHook('onRequest', async (request) => {
    if (!LOOPBACK_HOST.test(request.headers.host ?? '')) throw new HttpProblem('host_not_allowed');
  });
}
