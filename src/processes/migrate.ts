/**
 * Prepares what the other processes need, once for all of them: tables, search attributes, signing keys and, where there
 * is no key at all, the first one. Again is harmless.
 */
import { connectLazily } from '../gateway/connection.ts';
import { registerSearchAttributes } from '../gateway/search-attributes.ts';
import { loadInstallation } from '../platform/installation.ts';
import { createLogger } from '../platform/logger.ts';
import { loadSigningKeys } from '../platform/signing-keys.ts';
import { openStore } from '../store/database.ts';
import { migrateStore } from '../store/migrate.ts';
import { makeFirstKey } from './first-key.ts';

const { config, place } = await loadInstallation('worker');
const { databaseUrl, temporal, stateDirectory } = place;
const logger = createLogger({ level: config.logLevel, service: 'migrate' });
const { allowedHosts, host, port } = config.api;
const url = allowedHosts[0] === undefined ? `http://${host}:${port}` : `https://${allowedHosts[0]}`;
/** A Temporal that has just been started is waited for so long. */
const TEMPORAL_TIMEOUT_MS = 30_000;

const nowMs = Date.now();
await migrateStore(databaseUrl);
await loadSigningKeys(stateDirectory, nowMs);
const store = openStore({ url: databaseUrl, maxConnections: 1 });
const connection = connectLazily(temporal);
try {
  const firstKey = await makeFirstKey(store, { scope: config.scope, stateDirectory, url, nowMs });
  const searchAttributes = await connection.withDeadline(nowMs + TEMPORAL_TIMEOUT_MS, () =>
    registerSearchAttributes(connection, config.temporal.namespace),
  );
  logger.info({ firstKey, searchAttributes }, 'installation.migrate_completed');
  process.stdout.write(`${JSON.stringify({ migrated: true, firstKey, searchAttributes })}\n`);
} finally {
  await Promise.all([store.close(), connection.close()]);
}
