// Ports of 127.0.0.1 that nobody listens on.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const host = '127.0.0.1';

/**
 * A free port. It stays in TIME_WAIT for a while, so the system gives it to nobody else who asks for any port, while
 * a server that binds it by number gets it. Another program may still take it first: be ready to retry.
 */
export async function freePort(): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // The side that closes first keeps the port in TIME_WAIT: the server's.
  const client = connect(port, host).on('error', () => {});
  client.resume();
  await once(client, 'close');
  server.close();
  await once(server, 'close');
  return port;
}

/** The preferred port if it is free, otherwise any. */
export async function preferredPort(port: number): Promise<number> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
  return isFree ? port : freePort();
}

/** Waits until something accepts connections, or until `giveUp` says that nothing will. Resolves to whether it does. */
export async function acceptsConnections(port: number, deadlineMs: number, giveUp: () => boolean): Promise<boolean> {
  while (Date.now() < deadlineMs && !giveUp()) {
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host);
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (accepted) return true;
    await delay(25);
  }
  return false;
}
