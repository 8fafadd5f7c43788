/** 429, 500 and 503: not now. */
import type { ProblemKind } from './problem-kind.ts';

export const SERVER = {
  too_many_streams: {
    status: 429,
    title: 'Too many open streams',
    detail: 'This principal has as many event streams open as one may have here.',
    next: 'Close streams that are no longer read.',
  },
  too_many_active_runs: {
    status: 429,
    title: 'Too many active runs',
    detail: 'This requester has as many active runs as one may have here; nothing was started.',
    next: 'Come again when one of them has ended or waits for a person, or cancel one.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    detail: 'More requests came within a minute than this server lets through.',
    next: 'Repeat the request after Retry-After; RateLimit-Remaining says how many are left.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    detail: 'The server met a condition that it did not expect.',
    next: 'Try again; if it stays, give the `requestId` to whoever runs this server.',
  },
  temporal_unavailable: {
    status: 503,
    title: 'Temporal cannot be reached',
    detail: 'The workflow service did not accept the request in time.',
    next: 'Repeat the request after Retry-After; a POST under the same Idempotency-Key.',
  },
  classic_unavailable: {
    status: 503,
    title: 'No runs of classic execution here now',
    detail: 'This server drives no runs of classic execution, or as many as it may at a time; nothing was started.',
    next: 'Repeat the request after Retry-After, with the same Idempotency-Key; if it stays, have COUNTERSIGN_CLASSIC_RUNS set.',
  },
  store_unavailable: {
    status: 503,
    title: 'The database cannot be reached',
    detail: 'The store did not answer in time.',
    next: 'Repeat the request after Retry-After; a POST under the same Idempotency-Key.',
  },
  overloaded: {
    status: 503,
    title: 'This server cannot keep up',
    detail: 'The process is too busy to take the request.',
    next: 'Repeat the request after Retry-After; a POST under the same Idempotency-Key.',
  },
  guard_unavailable: {
    status: 503,
    title: 'The text could not be checked',
    detail: 'A guard of this deployment did not answer, and nothing passes unseen; nothing was changed.',
    next: 'Repeat the request after Retry-After; a POST under the same Idempotency-Key.',
  },
  shutting_down: {
    status: 503,
    title: 'This server is shutting down',
    detail: 'No new requests are accepted.',
    next: 'Repeat the request after Retry-After: it was not begun.',
  },
} as const satisfies Record<string, ProblemKind>;
