import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { z } from 'zod';
import type { Store } from './database.ts';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));

/** Any constant will do, as long as all versions use the same. */
const MIGRATION_LOCK = 0x636f756e;

const Journal = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.number() })) });

/** Names of migrations that this version has and the database lacks. */
export async function missingMigrations({ pool }: Pick<Store, 'pool'>): Promise<readonly string[]> {
  const journal: unknown = JSON.parse(await readFile(join(MIGRATIONS_FOLDER, 'meta', '_journal.json'), 'utf8'));
  const { rows: tables } = await pool.query<{ there: boolean }>(
    "SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS there",
  );
  const last = tables[0]?.there
    ? await pool.query<{ at: number | null }>('SELECT max(created_at)::float8 AS at FROM drizzle.__drizzle_migrations')
    : undefined;
  const until = last?.rows[0]?.at ?? 0;
  return Journal.parse(journal)
    .entries.filter(({ when }) => when > until)
    .map(({ tag }) => tag);
}

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
