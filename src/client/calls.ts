/** GET, POST, PUT and DELETE with JSON, as the resources use them. */
import type { Http } from './http.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface CommandOptions extends CallOptions {
  /** Repeats with the same key and body have one effect. */
  readonly idempotencyKey?: string | undefined;
}

export interface PageQuery {
  /** 1 to 100. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Values of a query; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Calls {
  get<T>(path: string, options?: CallOptions, query?: object): Promise<T>;
  post<T>(path: string, body: unknown, options?: CommandOptions): Promise<T>;
  put<T>(path: string, body: unknown, options?: CommandOptions): Promise<T>;
  remove<T>(path: string, options?: CommandOptions, query?: object): Promise<T>;
}

export function createCalls(http: Http): Calls {
  const command = ({ signal, idempotencyKey }: CommandOptions = {}) => ({
    signal,
    headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
  });
  return {
    get: (path, given, query) => http.json('GET', path, { ...given, query: query as Query | undefined }),
    post: (path, body, given) => http.json('POST', path, { ...command(given), body }),
    put: (path, body, given) => http.json('PUT', path, { ...command(given), body }),
    remove: (path, given, query) => http.json('DELETE', path, { ...command(given), query: query as Query | undefined }),
  };
}

/** One segment of a path. */
export const segment = (text: string): string => encodeURIComponent(text);
