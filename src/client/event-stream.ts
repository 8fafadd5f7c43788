/** Follows a stream of server-sent events through cuts, restarts and other replicas, from the last id each time. */
import { createParser } from 'eventsource-parser';
import type { EventSourceMessage } from 'eventsource-parser';
import type { StreamClosed } from '../contract/events.ts';
import { ProblemError, UnreachableError } from './errors.ts';
import type { Http } from './http.ts';

export interface Reconnect {
  /** Counts from 1 since the last thing that arrived. */
  readonly attempt: number;
  readonly delayMs: number;
  /** Undefined where the connection simply ended. */
  readonly cause: unknown;
  /** Why the server ended it, where it said so: `shutting_down`, `reader_too_slow` and others. */
  readonly code: string | undefined;
}

export interface ReconnectOptions {
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each wait for another attempt. */
  readonly onReconnect?: ((reconnect: Reconnect) => void) | undefined;
  /** A connection on which nothing arrives for so long is dead: the server sends a sign of life every 15 s. @default 60000 */
  readonly idleTimeoutMs?: number | undefined;
  /** How long the first wait for another attempt is, at most; it doubles with each, up to fifty times that. @default 100 */
  readonly reconnectDelayMs?: number | undefined;
}

export interface StreamSource<T> {
  readonly path: string;
  /** The place to go on from; empty: the beginning. */
  readonly lastEventId: () => string;
  /** Undefined where there is nothing to hand on. */
  readonly itemOf: (message: EventSourceMessage) => T | undefined;
  /** Nothing follows it. */
  readonly isLast: (item: T) => boolean;
}

const RECONNECT_DELAY_MS = 100;
const RECONNECT_DELAY_GROWTH = 50;
const IDLE_TIMEOUT_MS = 60_000;
/** A connection that has held so long was a good one, also where nothing happened on it. */
const GOOD_CONNECTION_MS = 5_000;
/** Answers that a later attempt may not get. */
const PASSING_STATUSES: readonly number[] = [429, 502, 503, 504];

/**
 * Throws where the API refuses (a ProblemError), and where it cannot be reached to begin with (an UnreachableError).
 * Once it has been reached, cuts and restarts of the server are waited out without limit: use `signal` to give up.
 */
export async function* followStream<T>(
  http: Http,
  source: StreamSource<T>,
  options: ReconnectOptions,
): AsyncGenerator<T> {
  const { signal, onReconnect, idleTimeoutMs = IDLE_TIMEOUT_MS, reconnectDelayMs = RECONNECT_DELAY_MS } = options;
  let attempt = 0;
  let isReached = false;
  for (;;) {
    if (isAborted(signal)) return;
    let cause: unknown;
    let code: string | undefined;
    let connectedAtMs = Number.POSITIVE_INFINITY;
    try {
      for await (const message of readStream(http, source, { signal, idleTimeoutMs })) {
        isReached = true;
        if (message === 'connected') {
          connectedAtMs = performance.now();
          continue;
        }
        if (message.event === 'stream.closed') code = (JSON.parse(message.data) as StreamClosed).code;
        const item = source.itemOf(message);
        if (item === undefined) continue;
        attempt = 0;
        yield item;
        if (source.isLast(item)) return;
      }
    } catch (error) {
      if (isAborted(signal)) return;
      if (!isPassing(error) || (error instanceof UnreachableError && !isReached)) throw error;
      cause = error;
    }
    if (performance.now() - connectedAtMs > GOOD_CONNECTION_MS) attempt = 0;
    attempt += 1;
    const delayMs = delayBefore(attempt, reconnectDelayMs, cause);
    onReconnect?.({ attempt, delayMs, cause, code });
    await wait(delayMs, signal);
  }
}

/** A function, since the compiler takes a flag that it has seen once to stay as it was. */
const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

const isPassing = (error: unknown): boolean =>
  error instanceof ProblemError ? PASSING_STATUSES.includes(error.status) : error instanceof UnreachableError;

/** Doubles each time, with some chance in it, so that many readers do not come back at the same moment. */
function delayBefore(attempt: number, firstMs: number, cause: unknown): number {
  if (cause instanceof ProblemError && cause.retryAfterMs !== undefined) return cause.retryAfterMs;
  const fullMs = firstMs * Math.min(2 ** (attempt - 1), RECONNECT_DELAY_GROWTH);
  return Math.round(fullMs * (0.5 + Math.random() / 2));
}

interface Reading {
  readonly signal: AbortSignal | undefined;
  readonly idleTimeoutMs: number;
}

/** One connection, until it ends or breaks; breaking is an UnreachableError. */
async function* readStream(
  http: Http,
  { path, lastEventId }: Pick<StreamSource<unknown>, 'path' | 'lastEventId'>,
  { signal, idleTimeoutMs }: Reading,
): AsyncGenerator<EventSourceMessage | 'connected'> {
  const connection = new AbortController();
  const place = lastEventId();
  let idle = setTimeout(() => connection.abort(), idleTimeoutMs);
  const stop = () => connection.abort();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const response = await http.send('GET', path, {
      headers: { accept: 'text/event-stream', ...(place !== '' && { 'last-event-id': place }) },
      signal: connection.signal,
      timeoutMs: 0,
    });
    yield 'connected';
    const messages: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (message) => messages.push(message) });
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    for (;;) {
      const chunk = await reader?.read();
      if (chunk === undefined || chunk.done) return;
      clearTimeout(idle);
      idle = setTimeout(() => connection.abort(), idleTimeoutMs);
      parser.feed(decoder.decode(chunk.value, { stream: true }));
      yield* messages.splice(0);
    }
  } catch (error) {
    if (error instanceof ProblemError || error instanceof UnreachableError) throw error;
    throw new UnreachableError(path, error);
  } finally {
    clearTimeout(idle);
    signal?.removeEventListener('abort', stop);
    // Also when whoever iterates has had enough.
    connection.abort();
  }
}

const wait = (delayMs: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal?.addEventListener('abort', done, { once: true });
    if (isAborted(signal)) done();
  });
