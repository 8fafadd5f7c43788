import type { Check } from '../../contract/check-up.ts';
import { openStore } from '../../store/database.ts';
import type { Store } from '../../store/database.ts';
import { missingMigrations } from '../../store/migrate.ts';

const subject = 'database';
const TIMEOUT_MS = 5_000;
/** Deadlines and signatures are held against each other's clocks. */
const MAX_SKEW_MS = 2_000;

export async function checkDatabase(url: string | undefined): Promise<readonly Check[]> {
  if (url === undefined)
    return [{ subject, status: 'skipped', detail: 'DATABASE_URL is not set: `npm start` has a PostgreSQL of its own' }];
  const store = openStore({ url, maxConnections: 1, connectTimeoutMs: TIMEOUT_MS, statementTimeoutMs: TIMEOUT_MS });
  try {
    return await look(store);
  } catch (error) {
    const detail = `it does not answer: ${codeOf(error)}`;
    return [{ subject, status: 'failed', detail, next: 'Is PostgreSQL running, and DATABASE_URL right?' }];
  } finally {
    await store.close();
  }
}

/** An error's own words may hold the address with its password. */
const codeOf = (error: unknown): string => {
  for (let one = error; one instanceof Error; one = one.cause)
    if ('code' in one && typeof one.code === 'string') return one.code;
  return error instanceof Error ? error.name : 'unknown';
};

async function look(store: Store): Promise<readonly Check[]> {
  const sentMs = Date.now();
  const { rows } = await store.pool.query<{ version: string; at: number }>(
    "SELECT current_setting('server_version') AS version, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at",
  );
  const answeredMs = Date.now();
  const { version = '', at = answeredMs } = rows[0] ?? {};
  const skewMs = Math.round(Math.max(sentMs - at, at - answeredMs, 0));
  const missing = await missingMigrations(store);
  return [
    missing.length === 0
      ? { subject, status: 'ok', detail: `PostgreSQL ${version}, its tables are up to date` }
      : { subject, status: 'failed', detail: `it lacks ${missing.join(', ')}`, next: 'Run `countersign migrate`.' },
    ...(skewMs > MAX_SKEW_MS ? [skewed(skewMs)] : []),
  ];
}

const skewed = (skewMs: number): Check => ({
  subject: 'clock',
  status: 'warning',
  detail: `this machine and the database differ by ${skewMs} ms: deadlines are held against both`,
  next: 'Let both set their clocks by NTP.',
});
