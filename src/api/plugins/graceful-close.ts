/**
 * Lets the server close without waiting for clients that only keep a connection: requests under way are finished,
 * connections without one are closed, and after a grace period all are. Node itself waits up to a minute for
 * connections that have been opened but never used.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiServer } from '../server-type.ts';

export function registerGracefulClose(app: ApiServer, graceMs: number): void {
  /** Requests under way on each open connection. */
  const underWay = new Map<Socket, number>();
  let isClosing = false;

  const count = (socket: Socket, change: 1 | -1) => {
    const requests = (underWay.get(socket) ?? 0) + change;
    underWay.set(socket, requests);
    if (isClosing && requests === 0) socket.end();
  };
  app.server.on('connection', (socket: Socket) => {
    underWay.set(socket, 0);
    socket.once('close', () => underWay.delete(socket));
  });
  app.server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    count(socket, 1);
    response.once('close', () => underWay.has(socket) && count(socket, -1));
  });
  app.addHook('preClose', async () => {
    isClosing = true;
    for (const [socket, requests] of underWay) if (requests === 0) socket.destroy();
    setTimeout(() => app.server.closeAllConnections(), graceMs).unref();
  });
}
