/**
 * The all-in-one process. `countersign dev` starts it and reads one JSON line from its standard output once it is ready.
 */
import closeWithGrace from 'close-with-grace';
import { openGuards } from '../adapters/guards/open-guards.ts';
import { openSink } from '../adapters/sinks/open-sink.ts';
import { systemClock } from '../platform/clock.ts';
import { openCredentials } from '../adapters/credentials/open-credentials.ts';
import { loadInstallation } from '../platform/installation.ts';
import { createLogger } from '../platform/logger.ts';
import { loadSigningKeys } from '../platform/signing-keys.ts';
import { createGuardedFetch } from '../platform/outgoing/guarded-fetch.ts';
import { createTokenVerifier } from '../platform/tokens/token-verifier.ts';
import { version } from '../platform/version.ts';
import { beginLoading } from '../adapters/agents/import-module.ts';
import { loadConfiguredAgents } from './configured-agents.ts';
import { migrateStore } from '../store/migrate.ts';
import { makeFirstKey } from './first-key.ts';
import { startAllInOne } from './start-all-in-one.ts';
import { watchAgents } from './watch-agents.ts';

const { config, place } = await loadInstallation('api');
const { databaseUrl, temporal, stateDirectory, workspacesRoot, deployment, people, tokens } = place;
const fetch = createGuardedFetch(config.allowedPrivateHosts);
const logger = createLogger({ level: config.logLevel, service: 'countersign' });

const loading = config.reloadAgents === 'on' ? beginLoading('first') : undefined;

await migrateStore(databaseUrl);
const nowMs = Date.now();
const countersign = await startAllInOne({
  databaseUrl,
  temporal,
  namespace: config.temporal.namespace,
  taskQueue: config.taskQueue,
  scope: config.scope,
  keys: await loadSigningKeys(stateDirectory, nowMs),
  agents: await loadConfiguredAgents(config, place, loading),
  deployment,
  people,
  models: config.models,
  workspacesRoot,
  forbidden: [stateDirectory],
  allowedPrivateHosts: config.allowedPrivateHosts,
  allowCommands: config.allowCommands,
  credentials: openCredentials(config.credentials, fetch),
  clock: systemClock,
  logger,
  guards: openGuards(place.guards, config.moderationToken),
  version,
  host: config.api.host,
  port: config.api.port,
  maxActiveRunsPerRequester: config.maxActiveRunsPerRequester,
  allowedHosts: config.api.allowedHosts,
  allowedOrigins: config.api.allowedOrigins,
  trustedProxies: config.api.trustedProxies,
  limits: { rates: config.api.rates },
  checkpointSinks: config.checkpointSinks.map((url) => openSink(url, fetch)),
  ...(tokens && { tokens: createTokenVerifier(tokens, logger, { fetch }) }),
});
const { url, store } = countersign;
const firstKey = await makeFirstKey(store, { scope: config.scope, stateDirectory, url, nowMs });

const watching =
  loading &&
  watchAgents(loading, {
    load: (next) => loadConfiguredAgents(config, place, next),
    apply: countersign.reloadAgents,
    tell: (reload) => process.stdout.write(`${JSON.stringify({ reload })}\n`),
  });

closeWithGrace({ delay: 30_000, logger: false }, async ({ err }) => {
  if (err) logger.fatal({ err }, 'process.crash_caught');
  watching?.stop();
  await countersign.stop();
});
countersign.ended.catch((error: unknown) => {
  logger.fatal({ err: error }, 'worker.run_failed');
  process.kill(process.pid, 'SIGTERM');
});

process.stdout.write(`${JSON.stringify({ ready: true, url, firstKey, pid: process.pid })}\n`);
