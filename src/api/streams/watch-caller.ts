/** A stream outlives the request that opened it: whether its reader may still have it is asked again and again. */
import type { ProblemCode } from '../../contract/problem.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';
import type { AnyRequest } from '../server-type.ts';

/**
 * Calls `end` once, when the credential has ended or its roles no longer do. Asks every `callerCheckMs`, and at once
 * where the credential is told to have changed. Returns what to call when the stream has ended by itself.
 */
export function watchCaller(api: Api, request: AnyRequest, end: (code: ProblemCode) => void): () => void {
  const { own, sessionId } = request.caller;
  const ids = [own.credentialId, sessionId];
  const stop = () => {
    clearInterval(timer);
    subscription.close();
  };
  const check = () => {
    request.recheck().catch((error: unknown) => {
      // While the store is away nothing comes through the stream, and nobody can be asked.
      if (!(error instanceof HttpProblem)) return api.logger.warn({ err: error }, 'stream.recheck_failed');
      stop();
      end(error.code);
    });
  };
  const timer = setInterval(check, api.limits.callerCheckMs);
  const subscription = api.feed.onCredential((id) => {
    // Listeners that keep credentials hear of it as well: they shall have forgotten it by then.
    if (id === undefined || ids.includes(id)) setImmediate(check);
  });
  return stop;
}
