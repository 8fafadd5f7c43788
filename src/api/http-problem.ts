/** The one error that routes throw: a code of the problem table, and what is particular about this case. */
import { PROBLEMS, problemType } from '../contract/problem.ts';
import type { Problem, ProblemCode, ProblemExtras } from '../contract/problem.ts';

export interface HttpProblemOptions {
  /** In place of the table's detail. Fixed words and ids only: nothing from the request is reflected. */
  readonly detail?: string;
  readonly extras?: ProblemExtras;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly code: ProblemCode;
  readonly status: number;
  readonly detail: string;
  readonly extras: ProblemExtras;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, options: HttpProblemOptions = {}) {
    super(code, 'cause' in options ? { cause: options.cause } : undefined);
    const kind = PROBLEMS[code];
    this.code = code;
    this.status = kind.status;
    this.detail = options.detail ?? kind.detail;
    this.extras = options.extras ?? {};
    this.headers = { ...defaultHeaders(code), ...options.headers };
  }

  toBody(requestId: string): Problem {
    const { title, next } = PROBLEMS[this.code];
    return {
      type: problemType(this.code),
      title,
      status: this.status,
      detail: this.detail,
      code: this.code,
      next,
      requestId,
      ...this.extras,
    };
  }
}

/** Seconds after which a request that met an unavailable part may come again. */
const RETRY_AFTER_SECONDS = '2';

function defaultHeaders(code: ProblemCode): Record<string, string> {
  if (code === 'unauthenticated') return { 'www-authenticate': 'Bearer realm="countersign"' };
  const { status } = PROBLEMS[code];
  return status === 503 || status === 429 ? { 'retry-after': RETRY_AFTER_SECONDS } : {};
}
