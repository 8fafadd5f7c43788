/** Server-sent events over one response: framing, heartbeat, back-pressure and both ways to end. Knows nothing of runs. */
import type { ServerResponse } from 'node:http';
import type { StreamClosedCode } from '../../contract/events.ts';
import type { ProblemCode } from '../../contract/problem.ts';

export interface SseMessage {
  readonly event: string;
  /** What a reader can come back to has one; `Last-Event-ID` brings it back. */
  readonly id?: number | string;
  readonly data: unknown;
}

export interface SseConnection {
  /**
   * Writes messages and settles when the reader has room for more. What a slow reader has not taken yet is at most one
   * piece of some size, or one message: await this before making more. Without effect once the connection has ended.
   */
  send(messages: readonly SseMessage[]): Promise<void>;
  /** Sends one last message and ends the stream: there is no more to come. */
  finish(last: SseMessage): void;
  /** Ends the stream before its time with `stream.closed`: why, and the id to come back with. The one way to do so. */
  close(code: StreamClosedCode, problem?: ProblemCode): void;
  /** Aborted once the stream has ended or the reader has gone. */
  readonly closed: AbortSignal;
}

export interface SseOptions {
  /** What the reader came with: the place to come back to as long as nothing else was sent. */
  readonly lastEventId: string;
  readonly heartbeatMs: number;
  /** How long a reader may take nothing before the stream is closed. */
  readonly stallMs: number;
}

/** How long EventSource waits before it comes back. */
const RETRY_MS = 2_000;
/** How long a reader who has stopped reading may take to receive the last message. */
const LINGER_MS = 10_000;
/** Messages that are written at once: a burst of events is one packet, not fifty. */
const PIECE_CHARACTERS = 65_536;

/** Takes over a response whose head is written. */
export function sseConnection(response: ServerResponse, options: SseOptions): SseConnection {
  const closed = new AbortController();
  let { lastEventId } = options;
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain && !response.writableEnded) response.write(': keep-alive\n\n');
  }, options.heartbeatMs);
  const release = () => {
    clearInterval(heartbeat);
    closed.abort();
  };
  response.once('close', release);
  response.on('error', release);

  const end = (last: SseMessage) => {
    if (closed.signal.aborted) return;
    response.end(frame(last));
    const linger = setTimeout(() => response.destroy(), LINGER_MS);
    response.once('close', () => clearTimeout(linger));
    release();
  };
  const close = (code: StreamClosedCode, problem?: ProblemCode) =>
    end({ event: 'stream.closed', data: { lastEventId, code, ...(problem && { problem }) } });

  const room = () =>
    new Promise<void>((resolve) => {
      const stall = setTimeout(() => close('reader_too_slow'), options.stallMs);
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
    async send(messages) {
      let piece = '';
      let pieceId = lastEventId;
      for (const [index, message] of messages.entries()) {
        piece += frame(message);
        if (message.id !== undefined) pieceId = String(message.id);
        if (piece.length < PIECE_CHARACTERS && index < messages.length - 1) continue;
        if (closed.signal.aborted) return;
        const hasRoom = response.write(piece);
        lastEventId = pieceId;
        piece = '';
        if (!hasRoom) await room();
      }
    },
    finish: end,
    close,
    closed: closed.signal,
  };
}

function frame({ event, id, data }: SseMessage): string {
  // JSON has no raw line breaks, so one data line always does.
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
