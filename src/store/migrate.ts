import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));

/** Any constant will do, as long as all versions use the same. */
const MIGRATION_LOCK = 0x636f756e;

/** Brings the database up to date. Processes that start together wait for each other; nothing to do is fine. */
export async function migrateStore(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'countersign-migrate',
    connectionTimeoutMillis: 5_000,
  });
  // A connection lost between two statements: the next statement says so.
  client.on('error', () => {});
  await client.connect();
  try {
    // Held by the session: it goes with the connection, however this ends.
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query("SET client_min_messages = 'warning'");
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS_FOLDER });
  } finally {
    await client.end();
  }
}
