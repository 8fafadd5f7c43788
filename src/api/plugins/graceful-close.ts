/**
 * Lets the server close without losing a request. First it drains: for a moment it goes on serving, and closes each
 * connection with its next answer, so that clients who are at it go elsewhere by themselves. Then connections without a
 * request are closed, requests under way are finished, and after a grace period all is. Node itself waits up to a minute
 * for connections that have been opened but never used.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HttpProblem } from '../http-problem.ts';
import type { ApiServer } from '../server-type.ts';

export interface CloseOptions {
  readonly drainMs: number;
  readonly graceMs: number;
}

/** Gives the signal on which requests that only wait shall answer with what there is. */
export function registerGracefulClose(app: ApiServer, { drainMs, graceMs }: CloseOptions): AbortSignal {
  /** Requests under way on each open connection. */
  const underWay = new Map<Socket, number>();
  const closing = new AbortController();
  let isDrained = false;
  let onEmpty: (() => void) | undefined;

  const count = (socket: Socket, change: 1 | -1) => {
    const requests = (underWay.get(socket) ?? 0) + change;
    underWay.set(socket, requests);
    if (isDrained && requests === 0) socket.end();
  };
  app.server.on('connection', (socket: Socket) => {
    underWay.set(socket, 0);
    socket.once('close', () => {
      underWay.delete(socket);
      if (underWay.size === 0) onEmpty?.();
    });
  });
  app.server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    count(socket, 1);
    response.once('close', () => underWay.has(socket) && count(socket, -1));
  });
  app.addHook('onRequest', async () => {
    if (isDrained) throw new HttpProblem('shutting_down');
  });
  // Also of requests that came before: who is not told so sends the next one to a connection that is about to close.
  app.addHook('onSend', async (_request, reply) => {
    if (closing.signal.aborted) reply.header('connection', 'close');
  });
  app.addHook('preClose', async () => {
    closing.abort();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, drainMs);
      onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
      if (underWay.size === 0) onEmpty();
    });
    // What has arrived meanwhile is read first: a busy process may not have come to it.
    await nextTurn();
    isDrained = true;
    for (const [socket, requests] of underWay) if (requests === 0) socket.end();
    setTimeout(() => app.server.closeAllConnections(), graceMs).unref();
  });
  return closing.signal;
}
