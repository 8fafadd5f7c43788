import type pg from 'pg';
import type { Store } from './database.ts';
import { asStoreError } from './store-error.ts';

/** What is written by several statements and stands or falls together. Most writes are one statement, and need none. */
export async function inTransaction<T>(store: Store, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  let client: pg.PoolClient | undefined;
  try {
    client = await store.pool.connect();
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    // The server rolls back what a closed connection leaves open.
    client?.release(true);
    throw asStoreError(error);
  }
}
