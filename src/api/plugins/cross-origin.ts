/** Lets pages of the origins that the deployment names call the API from a browser; without any, no page of another origin may. */
import cors from '@fastify/cors';
import type { FastifyCorsOptions } from '@fastify/cors';
import type { AnyRequest, ApiServer } from '../server-type.ts';
import { PROJECT_HEADER } from './authenticate.ts';

/** What a page may send beside what browsers always allow. */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  PROJECT_HEADER,
  'idempotency-key',
  'if-none-match',
  'last-event-id',
  'prefer',
];
/** What a page may read beside what browsers always allow. */
const EXPOSED_HEADERS = [
  'countersign-data-age',
  'etag',
  'location',
  'preference-applied',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after',
  'x-request-id',
  'x-run-id',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
/** Browsers ask again after this. */
const PREFLIGHT_SECONDS = 600;

/** Must be registered before authentication: browsers ask for permission without a credential. */
export async function registerCrossOrigin(app: ApiServer, allowedOrigins: readonly string[]): Promise<void> {
  if (allowedOrigins.length === 0) return;
  const allowed: FastifyCorsOptions = {
    // Exactly the origin that asks, which is one of the list.
    origin: [...allowedOrigins],
    methods: METHODS,
    allowedHeaders: ALLOWED_HEADERS,
    exposedHeaders: EXPOSED_HEADERS,
    // Pages of other origins bring a key of their own, never this origin's session.
    credentials: false,
    maxAge: PREFLIGHT_SECONDS,
  };
  const isAsking = ({ method, headers }: AnyRequest) =>
    allowedOrigins.includes(headers.origin ?? '') &&
    (method !== 'OPTIONS' || headers['access-control-request-method'] !== undefined);
  await app.register(cors, {
    delegator: async (request: AnyRequest): Promise<FastifyCorsOptions> =>
      isAsking(request) ? allowed : { ...allowed, origin: false },
  });
}
