/** What can go wrong between a client and the API. */
import { Problem } from '../contract/problem.ts';

/** The API said no: an RFC 9457 problem. Programs branch on `code`. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  /** How long the server asks to wait before the same request is worth repeating. */
  readonly retryAfterMs: number | undefined;

  constructor(problem: Problem, retryAfterMs?: number) {
    super(`${problem.title}. ${problem.detail}`);
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  /** Stable, see docs/errors. `unexpected_answer` where what answered was not Countersign. */
  get code(): string {
    return this.problem.code;
  }
  get status(): number {
    return this.problem.status;
  }
  get title(): string {
    return this.problem.title;
  }
  get detail(): string {
    return this.problem.detail;
  }
  /** What to do. */
  get next(): string {
    return this.problem.next;
  }
}

/** Nobody answered, or the connection broke before an answer: whether the request had an effect is unknown. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly url: string;

  constructor(url: string, cause: unknown) {
    super(`${url} cannot be reached: ${reasonOf(cause)}`, { cause });
    this.url = url;
  }
}

/** Reads an answer that is no success. Whatever stands between us and the API may have given it. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const body: unknown = await response.json().catch(() => undefined);
  const parsed = Problem.safeParse(body);
  if (parsed.success) return new ProblemError(parsed.data, retryAfterOf(response));
  return unexpectedAnswer(response, `HTTP ${response.status} without a problem document`);
}

export const unexpectedAnswer = (response: Response, detail: string): ProblemError =>
  new ProblemError(
    {
      type: 'about:blank',
      title: 'Not an answer of Countersign',
      status: response.status,
      detail: `${detail}.`,
      code: 'unexpected_answer',
      next: 'Check the address, and what stands between you and the server.',
      requestId: response.headers.get('x-request-id') ?? '',
    },
    retryAfterOf(response),
  );

/** Seconds, or a date (RFC 9110). */
function retryAfterOf(response: Response): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** fetch wraps the reason, sometimes twice. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof AggregateError && error.cause.errors.length > 0) return reasonOf(error.cause.errors[0]);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return error.message || error.name;
}
