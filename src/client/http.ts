/** Requests to one API with one credential. */
import { UnreachableError, problemOf, unexpectedAnswer } from './errors.ts';

export interface ClientOptions {
  /** Address of the API, with or without a path before `/v1`. */
  readonly baseUrl: string;
  /** Without one no `Authorization` is sent: for browsers with a session. */
  readonly apiKey?: string | undefined;
  /** `csrfToken` of the session: without it a browser's cookie lets nothing be changed. */
  readonly csrfToken?: (() => string | undefined) | undefined;
  /** @default the global `fetch` */
  readonly fetch?: typeof fetch | undefined;
}

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** No answer within this counts as unreachable. 0 waits for ever. @default 30000 */
  readonly timeoutMs?: number | undefined;
}

export interface Http {
  /** The answer, if it is a success; throws a ProblemError or an UnreachableError otherwise. */
  send(method: string, path: string, options?: RequestOptions): Promise<Response>;
  /** The same, with its body read as JSON; undefined where there is none (204). */
  json<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
}

const TIMEOUT_MS = 30_000;

export function createHttp(options: ClientOptions): Http {
  const { apiKey, fetch: send = fetch } = options;
  const csrf = () => {
    const token = options.csrfToken?.();
    return token === undefined ? {} : { 'countersign-csrf': token };
  };
  const base = options.baseUrl.replace(/\/+$/, '');

  const request: Http['send'] = async (method, path, { query = {}, headers, body, signal, timeoutMs } = {}) => {
    const url = new URL(`${base}${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const limitMs = timeoutMs ?? TIMEOUT_MS;
    const signals = [signal ?? [], limitMs > 0 ? AbortSignal.timeout(limitMs) : []].flat();
    const response = await send(url, {
      method,
      headers: {
        accept: 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...csrf(),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.any(signals),
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new UnreachableError(base, error);
    });
    if (!response.ok) throw await problemOf(response);
    return response;
  };

  return {
    send: request,
    async json<T>(method: string, path: string, given?: RequestOptions) {
      const response = await request(method, path, given);
      if (response.status === 204) return undefined as T;
      // Values are not checked against the contract: a newer server may add fields and values to it.
      return (await response.json().catch((error: unknown) => {
        given?.signal?.throwIfAborted();
        if (error instanceof SyntaxError) throw unexpectedAnswer(response, 'The body is not JSON');
        throw new UnreachableError(base, error);
      })) as T;
    },
  };
}
