import type { GuardedFetch } from '../../platform/outgoing/guarded-fetch.ts';

/** Of one answer, a stream of events too. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Follows no redirect, since it would carry the credential elsewhere, and reads no answer without end. */
export const boundedFetch =
  (fetch: GuardedFetch, maxBytes = MAX_ANSWER_BYTES): GuardedFetch =>
  async (url, init = {}) => {
    const response = await fetch(url, { ...init, redirect: 'error' });
    if (!response.body) return response;
    let bytes = 0;
    const bounded = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          bytes += chunk.byteLength;
          if (bytes > maxBytes) controller.error(new Error('The answer is too large.'));
          else controller.enqueue(chunk);
        },
      }),
    );
    const { status, statusText, headers } = response;
    return new Response(bounded, { status, statusText, headers });
  };
