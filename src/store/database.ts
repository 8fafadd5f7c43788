import { drizzle } from 'drizzle-orm/node-postgres';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { LRUCache } from 'lru-cache';
import pg from 'pg';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import { asStoreError } from './store-error.ts';

export { isStoreUnavailable } from './store-error.ts';

/** A process's access to PostgreSQL. */
export interface Store {
  readonly pool: pg.Pool;
  readonly database: NodePgDatabase;
  /** Content by tenant and hash. Immutable, so never stale. */
  readonly blobCache: LRUCache<string, { readonly value: JsonValue }>;
  readonly definitionCache: LRUCache<string, AgentDefinition>;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly url: string;
  readonly maxConnections?: number;
  readonly applicationName?: string;
  /** How long to wait for a connection, from the pool or the server. @default 5000 */
  readonly connectTimeoutMs?: number;
  /** @default 30000 */
  readonly statementTimeoutMs?: number;
}

const IDLE_CONNECTION_MS = 5 * 60_000;

const BLOB_CACHE_BYTES = 32 * 1024 * 1024;
const DEFINITION_CACHE_ENTRIES = 200;

/** Our bigints are counters and epoch milliseconds: numbers, or a bug. */
const integerFromText = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('A bigint from the database does not fit a number.');
  return value;
};

/** Type parsers of this program's connections only: nothing global is changed. */
const typeParsers = new pg.TypeOverrides();
typeParsers.setTypeParser(pg.types.builtins.INT8, integerFromText);

/** Opens no connection yet: works while PostgreSQL is down, and recovers by itself when it is back. */
export function openStore(options: StoreOptions): Store {
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000;
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections ?? 20,
    application_name: options.applicationName ?? 'countersign',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    // People decide minutes after they were asked: by then a new connection would cost more than the decision.
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    statement_timeout: statementTimeoutMs,
    // The server's timeout comes first; this one is for a server that no longer answers.
    query_timeout: statementTimeoutMs + 5_000,
    keepAlive: true,
    types: typeParsers,
  });
  // Broken connections leave the pool by themselves, and whoever uses one hears of it from the query. Without
  // listeners the process would end.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    client.on('error', () => {});
  });
  return {
    pool,
    database: drizzle(pool),
    blobCache: new LRUCache({ maxSize: BLOB_CACHE_BYTES }),
    definitionCache: new LRUCache({ max: DEFINITION_CACHE_ENTRIES }),
    close: () => pool.end(),
  };
}

/** A statement that is prepared once a connection. The name stands for the text: change both together. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs a prepared statement: one round trip, committed when it returns. */
export async function execute(store: Store, statement: Statement, values: readonly unknown[]): Promise<unknown[]> {
  try {
    const { rows } = await store.pool.query<Record<string, unknown>>({ ...statement, values: [...values] });
    return rows;
  } catch (error) {
    throw asStoreError(error);
  }
}

/** Runs a statement that answers one row, `stored`: whether it has kept what was not there before. */
export async function storedBy(store: Store, statement: Statement, values: readonly unknown[]): Promise<boolean> {
  const [row] = (await execute(store, statement, values)) as [{ stored: boolean }];
  return row.stored;
}
