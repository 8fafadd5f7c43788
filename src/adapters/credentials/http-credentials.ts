import { z } from 'zod';
import type { GuardedFetch } from '../../platform/outgoing/guarded-fetch.ts';
import type { CredentialProvider } from './credential-provider.ts';

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 65_536;

const Answer = z.object({ value: z.string() });

export interface HttpCredentialsOptions {
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  readonly fetch: GuardedFetch;
  readonly timeoutMs?: number;
}

/** Asks a vault: `POST {tenant, project, principal, reference}`, answered by `{value}`, or 404 where there is none. */
export const httpCredentials = (options: HttpCredentialsOptions): CredentialProvider => {
  const { url, token, fetch, timeoutMs = TIMEOUT_MS } = options;
  return {
    async resolve({ tenant, project, principal, reference }, signal) {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'error',
        headers: {
          'content-type': 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ tenant, project, principal, reference }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      const { status } = response;
      if (status !== 200) await response.body?.cancel();
      if (status === 404) return undefined;
      if (status !== 200) throw new Error(`The credential vault answered with status ${status}.`);
      const length = Number(response.headers.get('content-length') ?? 0);
      const text = length > MAX_ANSWER_BYTES ? '' : await response.text();
      const answer = Answer.safeParse(text.length > MAX_ANSWER_BYTES ? undefined : jsonOf(text));
      // Not what it said: that may be half a secret.
      if (!answer.success) throw new Error('The credential vault answered something else than {value}.');
      return answer.data.value;
    },
  };
};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
