/** 405, 408, 413, 415, 421 and 431: what HTTP itself says no to. */
import type { ProblemKind } from './problem-kind.ts';

export const PROTOCOL = {
  method_not_allowed: {
    status: 405,
    title: 'Not with this method',
    detail: 'The path is served, but not with this method.',
    next: 'Use one of the methods named in the header Allow.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    detail: 'The headers or the body were not complete in time.',
    next: 'Send the request again, without pauses.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    detail: 'The body is larger than this route accepts.',
    next: 'Send a smaller body.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Not a media type this route reads',
    detail: 'Bodies are JSON.',
    next: 'Send the body as `Content-Type: application/json`.',
  },
  host_not_allowed: {
    status: 421,
    title: 'Not the host this server answers for',
    detail: 'This server does not answer under that host name.',
    next: 'Use a name that it is configured for; on its own machine, http://127.0.0.1 or http://localhost with its port.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    detail: 'The request has more header bytes than this server reads.',
    next: 'Send fewer or shorter headers.',
  },
} as const satisfies Record<string, ProblemKind>;
