import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../platform/logger.ts';

export interface ListenConnection {
  isConnected(): boolean;
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly url: string;
  readonly channel: string;
  readonly logger: Logger;
  onNotification(payload: string | undefined): void;
  /** LISTEN is in force, for the first time or again: what was sent before may have been missed. */
  onConnected(): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 5_000;
const HEARTBEAT_INTERVAL_MS = 15_000;

/** Keeps one LISTEN connection alive until it is closed. Never throws: it says in the log what is wrong and tries again. */
export function keepListening(options: ListenOptions): ListenConnection {
  const { logger } = options;
  const closing = new AbortController();
  let connected = false;

  const run = async () => {
    let failures = 0;
    while (!closing.signal.aborted) {
      const problem = await listenOnce(options, closing.signal, () => {
        connected = true;
        failures = 0;
        logger.debug('feed.listen_connected');
        options.onConnected();
      });
      connected = false;
      if (closing.signal.aborted) return;
      const waitMs = Math.min(FIRST_RETRY_MS * 2 ** failures, MAX_RETRY_MS) * (0.5 + Math.random() / 2);
      failures += 1;
      logger.warn({ error: problem, waitMs: Math.round(waitMs) }, 'feed.listen_lost');
      await delay(waitMs, undefined, { signal: closing.signal }).catch(() => {});
    }
  };
  const running = run();

  return {
    isConnected: () => connected,
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

/** One connection from start to end. Returns why it ended. */
async function listenOnce(options: ListenOptions, signal: AbortSignal, onListening: () => void): Promise<unknown> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: 'countersign-feed',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  let lose: (reason: unknown) => void = () => {};
  const lost = new Promise<unknown>((resolve) => {
    lose = resolve;
  });
  client.on('error', lose);
  client.on('end', () => lose(new Error('The connection ended.')));
  signal.addEventListener('abort', lose, { once: true });
  // A peer that vanished without a word would otherwise leave us listening to nothing.
  const heartbeat = setInterval(() => {
    client.query('SELECT 1').catch(lose);
  }, HEARTBEAT_INTERVAL_MS);
  heartbeat.unref();
  try {
    // Closing does not wait for a server that does not answer.
    const early = await Promise.race([client.connect().then(() => undefined), lost.then((reason) => ({ reason }))]);
    if (early !== undefined) return early.reason;
    client.on('notification', ({ payload }) => options.onNotification(payload));
    await client.query(`LISTEN ${options.channel}`);
    onListening();
    return await lost;
  } catch (error) {
    return error;
  } finally {
    clearInterval(heartbeat);
    signal.removeEventListener('abort', lose);
    // Not awaited beyond reason: the peer may be gone.
    await Promise.race([client.end().catch(() => {}), delay(1_000, undefined, { ref: false })]);
  }
}
