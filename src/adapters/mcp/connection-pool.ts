/** Connections in use: one a server and credential, so that nobody's calls go out under another's name. */
import { createHash } from 'node:crypto';
import { connect } from './connection.ts';
import type { ConnectOptions, McpConnection } from './connection.ts';

/** A connection that nobody needs is closed; a process of a server ends with it. */
const IDLE_MS = 5 * 60_000;
const MAX_CONNECTIONS = 64;

interface Pooled {
  readonly opening: Promise<McpConnection>;
  users: number;
  timer?: NodeJS.Timeout;
}

export interface ConnectionPool {
  /** Works with an open connection; one that was lost is made anew. */
  use<T>(key: string, options: ConnectOptions, work: (connection: McpConnection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function createConnectionPool(): ConnectionPool {
  const pool = new Map<string, Pooled>();
  let isClosed = false;

  const close = ({ opening }: Pooled): Promise<void> =>
    opening.then(
      (connection) => connection.close(),
      () => undefined,
    );

  /** Nobody gets it any more; who has it may finish. */
  const drop = (id: string, pooled: Pooled): Promise<void> => {
    clearTimeout(pooled.timer);
    if (pool.get(id) === pooled) pool.delete(id);
    return pooled.users > 0 ? Promise.resolve() : close(pooled);
  };

  const leave = (id: string, pooled: Pooled): void => {
    pooled.users -= 1;
    if (pooled.users > 0) return;
    if (pool.get(id) !== pooled) return void close(pooled);
    pooled.timer = setTimeout(() => void drop(id, pooled), IDLE_MS);
    pooled.timer.unref();
  };

  const makeRoom = (): void => {
    if (pool.size < MAX_CONNECTIONS) return;
    const idle = [...pool].find(([, { users }]) => users === 0);
    if (idle) void drop(...idle);
  };

  const open = async (id: string, options: ConnectOptions): Promise<[Pooled, McpConnection]> => {
    let pooled = pool.get(id);
    if (!pooled) {
      makeRoom();
      pooled = { opening: connect(options), users: 0 };
      pool.set(id, pooled);
    }
    pooled.users += 1;
    clearTimeout(pooled.timer);
    try {
      return [pooled, await pooled.opening];
    } catch (error) {
      pooled.users -= 1;
      await drop(id, pooled);
      throw error;
    }
  };

  return {
    async use(key, options, work) {
      if (isClosed) throw new Error('The worker is stopping.');
      const secret = createHash('sha256')
        .update(options.credential ?? '')
        .digest('hex');
      const id = `${key} ${secret}`;
      let [pooled, connection] = await open(id, options);
      if (!connection.isOpen) {
        pooled.users -= 1;
        await drop(id, pooled);
        [pooled, connection] = await open(id, options);
      }
      try {
        return await work(connection);
      } finally {
        leave(id, pooled);
      }
    },
    async close() {
      isClosed = true;
      const all = [...pool.values()];
      pool.clear();
      for (const { timer } of all) clearTimeout(timer);
      await Promise.all(all.map(close));
    },
  };
}
