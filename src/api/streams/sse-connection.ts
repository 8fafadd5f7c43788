/** Server-sent events over one response: framing, heartbeat and back-pressure. Knows nothing of runs. */
import type { ServerResponse } from 'node:http';

export interface SseMessage {
  readonly event: string;
  /** Durable events have one; `Last-Event-ID` brings it back. */
  readonly id?: number;
  readonly data: unknown;
}

export interface SseConnection {
  /**
   * Writes messages, all at once, and settles when the reader has room for more: whoever awaits it holds back no more
   * than one batch for a slow reader. Without effect once the connection has ended.
   */
  send(messages: readonly SseMessage[]): Promise<void>;
  /** Sends one last message and ends the response. */
  end(last: SseMessage): void;
  /** Aborted once the reader has gone or the response has ended. */
  readonly closed: AbortSignal;
}

export interface SseOptions {
  readonly heartbeatMs: number;
  /** How long a reader may take nothing before `onStalled` is called. */
  readonly stallMs: number;
  /** The reader does not keep up: end the connection with a message that lets them come back. */
  onStalled(): void;
}

/** How long EventSource waits before it comes back. */
const RETRY_MS = 2_000;
/** How long a reader who has stopped reading may take to receive the last message. */
const LINGER_MS = 10_000;

/** Takes over a response whose head is written. */
export function sseConnection(response: ServerResponse, options: SseOptions): SseConnection {
  const closed = new AbortController();
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain && !response.writableEnded) response.write(': keep-alive\n\n');
  }, options.heartbeatMs);
  const close = () => {
    clearInterval(heartbeat);
    closed.abort();
  };
  response.once('close', close);
  response.on('error', close);

  const room = () =>
    new Promise<void>((resolve) => {
      const stall = setTimeout(options.onStalled, options.stallMs);
      const done = () => {
        clearTimeout(stall);
        response.off('drain', done);
        closed.signal.removeEventListener('abort', done);
        resolve();
      };
      response.once('drain', done);
      closed.signal.addEventListener('abort', done, { once: true });
    });

  response.write(`retry: ${RETRY_MS}\n\n`);
  return {
    send: async (messages) => {
      if (messages.length === 0 || response.writableEnded || closed.signal.aborted) return;
      // One write for all: a burst of events is one packet, not fifty.
      if (!response.write(messages.map(frame).join(''))) await room();
    },
    end: (last) => {
      if (response.writableEnded || closed.signal.aborted) return;
      clearInterval(heartbeat);
      response.end(frame(last));
      const linger = setTimeout(() => response.destroy(), LINGER_MS);
      response.once('close', () => clearTimeout(linger));
    },
    closed: closed.signal,
  };
}

function frame({ event, id, data }: SseMessage): string {
  // JSON has no raw line breaks, so one data line always does.
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
