// Databases within a PostgreSQL server.
import { Client, escapeIdentifier } from 'pg';

const duplicateDatabase = '42P04';
/** Two creations at once both copy the template; the loser of that race fails on the catalogue's unique index. */
const uniqueViolation = '23505';
const objectInUse = '55006';

/**
 * Creates a database unless it exists, and returns its URL. `adminUrl` is that of any other database of the server.
 * With a template it is a copy of that one, to which nobody may be connected.
 */
export async function createDatabase(adminUrl: string, name: string, template = 'template0'): Promise<string> {
  await withClient(adminUrl, async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 1) return;
    await retryWhileTemplateIsInUse(() =>
      client.query(`create database ${escapeIdentifier(name)} template ${escapeIdentifier(template)} encoding 'UTF8'`),
    );
  });
  return databaseUrlOf(adminUrl, name);
}

/** Drops a database and ends its sessions. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await withClient(adminUrl, (client) =>
    client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`),
  );
}

/** The same server and login, another database. */
export function databaseUrlOf(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}

async function retryWhileTemplateIsInUse(create: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await create();
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === duplicateDatabase || code === uniqueViolation) return;
      if (code !== objectInUse || attempt === 10) throw error;
    }
  }
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
