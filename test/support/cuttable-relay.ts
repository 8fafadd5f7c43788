import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A TCP relay in front of a real server: while it is cut, the server is away for whoever comes through it. */
export interface CuttableRelay extends AsyncDisposable {
  readonly port: number;
  /** Breaks all connections; new ones are let through. */
  drop(): void;
  /** Breaks all connections and refuses new ones. */
  cut(): void;
  restore(): void;
}

export async function cuttableRelay(host: string, port: number): Promise<CuttableRelay> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(port, host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  const cut = () => {
    isCut = true;
    drop();
  };
  return {
    port: (server.address() as AddressInfo).port,
    drop,
    cut,
    restore: () => {
      isCut = false;
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
