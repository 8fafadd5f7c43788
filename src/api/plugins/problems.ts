/** Turns everything that goes wrong into a problem: one place, one form, nothing of the inside or of the request in it. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEMS } from '../../contract/problem.ts';
import type { ProblemCode } from '../../contract/problem.ts';
import { isTemporalUnavailable } from '../../gateway/temporal-faults.ts';
import type { Logger } from '../../platform/logger.ts';
import { isStoreUnavailable } from '../../store/database.ts';
import { randomId } from '../decisions/decision-id.ts';
import { HttpProblem } from '../http-problem.ts';
import type { AnyReply, AnyRequest, ApiServer } from '../server-type.ts';
import type { RouteTable } from './route-table.ts';

const MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** Fastify's own errors that a request can cause. */
const FRAMEWORK_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_BAD_URL: 'malformed_request',
  FST_ERR_ASYNC_CONSTRAINT: 'malformed_request',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
};

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

export function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (isStoreUnavailable(error)) return new HttpProblem('store_unavailable', { cause: error });
  if (isTemporalUnavailable(error)) return new HttpProblem('temporal_unavailable', { cause: error });
  const code = codeOf(error);
  const known = typeof code === 'string' ? FRAMEWORK_CODES[code] : undefined;
  return new HttpProblem(known ?? 'internal_error', { cause: error });
}

export function sendProblem(request: AnyRequest, reply: AnyReply, error: unknown): AnyReply {
  const problem = problemOf(error);
  if (problem.code === 'internal_error') request.log.error({ err: problem.cause }, 'http.request_failed');
  else if (problem.status >= 500)
    request.log.warn({ err: problem.cause, code: problem.code }, 'http.request_unavailable');
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .header('cache-control', 'no-store')
    .type(MEDIA_TYPE)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem.toBody(request.id));
}

/** Answers for paths without a route, and for routes without the method. */
export function registerProblems(app: ApiServer, routes: RouteTable): void {
  const answerNotFound = (request: AnyRequest, reply: AnyReply) => {
    const allowed = routes.methodsOf(request.url);
    if (allowed.length === 0) return sendProblem(request, reply, new HttpProblem('route_not_found'));
    const allow = [...allowed, 'OPTIONS'].join(', ');
    if (request.method === 'OPTIONS') return reply.code(204).header('allow', allow).send();
    return sendProblem(request, reply, new HttpProblem('method_not_allowed', { headers: { allow } }));
  };
  app.setNotFoundHandler(answerNotFound);
  app.setErrorHandler((error, request, reply) =>
    // QUERY is refused for want of a media type before anybody asks whether there is such a route.
    request.is404 && codeOf(error) === 'FST_ERR_ROUTE_MISSING_CONTENT_TYPE'
      ? answerNotFound(request, reply)
      : sendProblem(request, reply, error),
  );
}

const MALFORMED: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** What is no HTTP at all never reaches a route: answered on the bare socket. */
export function answerMalformed(logger: Logger, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const code = MALFORMED[error.code ?? ''] ?? 'malformed_request';
  const body = JSON.stringify(new HttpProblem(code).toBody(randomId('req')));
  logger.info({ code }, 'http.request_malformed');
  const { status } = PROBLEMS[code];
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
      `content-type: ${MEDIA_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
