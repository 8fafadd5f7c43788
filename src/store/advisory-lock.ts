import type pg from 'pg';
import type { Store } from './database.ts';
import { asStoreError } from './store-error.ts';

/** A lock that one process of an installation holds at a time, for as long as its connection lives. */
export interface AdvisoryLock {
  /** False once the connection is gone: somebody else may hold it by now. */
  readonly isHeld: boolean;
  release(): Promise<void>;
}

/** Undefined where another holds it. Takes one connection of the pool while it is held. */
export async function tryAdvisoryLock(store: Store, name: string): Promise<AdvisoryLock | undefined> {
  let client: pg.PoolClient | undefined;
  try {
    client = await store.pool.connect();
    const key = 'hashtextextended($1, 0)';
    const { rows } = await client.query<{ held: boolean }>(`SELECT pg_try_advisory_lock(${key}) AS held`, [name]);
    if (rows[0]?.held !== true) {
      client.release();
      return undefined;
    }
  } catch (error) {
    client?.release(true);
    throw asStoreError(error);
  }
  return heldBy(client);
}

const heldBy = (client: pg.PoolClient): AdvisoryLock => {
  let isHeld = true;
  const lose = () => {
    if (isHeld) client.release(true);
    isHeld = false;
  };
  client.once('error', lose);
  client.once('end', lose);
  return {
    get isHeld() {
      return isHeld;
    },
    // Closing the connection releases the lock, whatever state it is in.
    release: async () => lose(),
  };
};
