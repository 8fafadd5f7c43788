/** 400: the request itself is at fault. */
import type { ProblemKind } from './problem-kind.ts';

export const BAD_REQUEST = {
  invalid_request: {
    status: 400,
    title: 'The request does not fit the contract',
    detail: 'At least one field, parameter or header is missing, unknown or of the wrong form.',
    next: 'Correct the places listed under `errors`; /openapi.json has the contract.',
  },
  malformed_json: {
    status: 400,
    title: 'The body is not acceptable JSON',
    detail: 'The body could not be read as JSON that means the same to every reader.',
    next: 'Send well-formed UTF-8 JSON without duplicate keys, NUL characters or numbers beyond double precision.',
  },
  malformed_request: {
    status: 400,
    title: 'The request is not well-formed HTTP',
    detail: 'The request line or a header could not be read.',
    next: 'Correct the request; percent-encode the path.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of ours',
    detail: 'The cursor was not made by this list, or its filters have changed.',
    next: 'Start again without `cursor`, and pass each `nextCursor` on unchanged.',
  },
  after_beyond_end: {
    status: 400,
    title: 'The event number lies beyond the end',
    detail: 'No event with that number has happened yet.',
    next: 'Ask for the run: its `eventSeq` is the highest number there is.',
  },
  digest_required: {
    status: 400,
    title: 'An approval needs the digest of what was shown',
    detail: 'Without the digest nobody can tell which call was approved.',
    next: 'Show the approval to the person who decides and send its `digest` with the decision.',
  },
} as const satisfies Record<string, ProblemKind>;
