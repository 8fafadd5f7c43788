/** What the store refuses, by the SQLSTATE that its functions raise. Each is a bug or a broken assumption of the caller. */
const REFUSALS = {
  CSE04: 'unknown_run',
  CSE05: 'run_id_taken',
  CSE09: 'event_gap',
  CSE10: 'event_conflict',
  CSE11: 'stale_task',
  CSE12: 'run_over',
  CSE13: 'run_replaced',
} as const;

export type StoreRefusal = (typeof REFUSALS)[keyof typeof REFUSALS];

/**
 * `event_gap`: the workflow's events do not extend what is stored. `event_conflict`: a lost task has stored others under
 * their numbers. `stale_task`: that task wakes again, and another has taken over. `run_over`: the run has ended, and its
 * workflow has more to tell. `run_id_taken`: by another tenant or project. `run_replaced`: nothing new takes effect for
 * such a run.
 */
export class StoreRefusalError extends Error {
  override readonly name = 'StoreRefusalError';
  readonly code: StoreRefusal;

  constructor(code: StoreRefusal, cause?: unknown) {
    super(`The store refuses: ${code}.`, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Stored bytes that are not what their hash or their place says: tampering or a broken disk. */
export class StoreCorruptionError extends Error {
  override readonly name = 'StoreCorruptionError';
}

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** The store's own refusals as typed errors; everything else as it came. */
export const asStoreError = (error: unknown): unknown => {
  const code = codeOf(error);
  return code !== undefined && Object.hasOwn(REFUSALS, code)
    ? new StoreRefusalError(REFUSALS[code as keyof typeof REFUSALS], error)
    : error;
};

/** Network errors of Node, with the server away, restarting or unreachable. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/**
 * SQLSTATEs that say "later": connection trouble (08), no resources (53), shutdown, start-up and crash (57P01 to 57P03),
 * our statement timeout (57014), deadlock and serialisation (40), a standby that is not yet primary (25006).
 */
const LATER = /^(08...|53...|57P0[1-3]|57014|40001|40P01|25006)$/;

/** The driver's own words where it gives no code. */
const DRIVER_MESSAGES =
  /timeout exceeded when trying to connect|connection terminated|connection error and is not queryable|client was closed|query read timeout|connection timeout/i;

/** Whether trying again later may help: the API answers 503, activities retry. */
export function isStoreUnavailable(error: unknown): boolean {
  const seen = new Set<unknown>();
  const open: unknown[] = [error];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    if (typeof current !== 'object' || current === null || seen.has(current)) continue;
    seen.add(current);
    const code = codeOf(current);
    if (code !== undefined && (NETWORK_CODES.has(code) || LATER.test(code))) return true;
    // A socket file that is not there: the server is down.
    if (code === 'ENOENT' && 'syscall' in current && current.syscall === 'connect') return true;
    if (current instanceof Error && code === undefined && DRIVER_MESSAGES.test(current.message)) return true;
    if ('cause' in current) open.push(current.cause);
    if (current instanceof AggregateError) open.push(...current.errors);
  }
  return false;
}
