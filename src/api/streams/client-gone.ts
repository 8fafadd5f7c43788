import type { AnyReply } from '../server-type.ts';

/** Aborted when the client goes away before it has its answer: nothing need be waited for any more. */
export function clientGone(reply: AnyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
