/** A worker as a process of its own. Any number of them may serve one task queue. */
import { NativeConnection } from '@temporalio/worker';
import closeWithGrace from 'close-with-grace';
import { openCredentials } from '../adapters/credentials/open-credentials.ts';
import { connectLazily } from '../gateway/connection.ts';
import { followCurrent } from '../gateway/deployments/follow-current.ts';
import { createTemporalGateway } from '../gateway/temporal-gateway.ts';
import { allFaults } from '../platform/all-faults.ts';
import { systemClock } from '../platform/clock.ts';
import { ConfigError } from '../platform/config-error.ts';
import { createGuardedFetch } from '../platform/outgoing/guarded-fetch.ts';
import { loadInstallation } from '../platform/installation.ts';
import { createLogger } from '../platform/logger.ts';
import { loadTrustedKeys } from '../platform/signing-keys.ts';
import type { TrustedKeys } from '../platform/signing-keys.ts';
import { openStore } from '../store/database.ts';
import { startWorker } from '../worker/start-worker.ts';
import { installTemporalRuntime } from '../worker/temporal-runtime.ts';
import { workerVersion } from '../worker/worker-version.ts';
import { loadConfiguredAgents } from './configured-agents.ts';

/** After the drain: what the SDK, the store and MCP servers need to let go. */
const CLOSE_MS = 15_000;

const { config, place } = await loadInstallation('worker');
const { databaseUrl, temporal, stateDirectory, workspacesRoot, deployment, people } = place;
const { taskQueues, capacity, drainMs, promotes } = config.worker;
const logger = createLogger({ level: config.logLevel, service: 'worker' });
installTemporalRuntime(logger);

const knownTrust = async (): Promise<TrustedKeys> => {
  const trust = await loadTrustedKeys(stateDirectory);
  if (trust) return trust;
  throw new ConfigError(['COUNTERSIGN_STATE_DIRECTORY has no trust.json: run `countersign migrate`, or copy it']);
};
const [trust, agents] = await allFaults(knownTrust(), loadConfiguredAgents(config, place));
const version = await workerVersion(config.worker, { agents, deployment, people });
const store = openStore({ url: databaseUrl, applicationName: 'countersign-worker' });
const { namespace } = config.temporal;
const connection = connectLazily(temporal);
const workerConnection = await NativeConnection.connect(temporal);
const worker = await startWorker({
  store,
  clock: systemClock,
  logger,
  trust,
  agents,
  deployment,
  people,
  models: config.models,
  workspacesRoot,
  forbidden: [stateDirectory],
  maxActiveRunsPerRequester: config.maxActiveRunsPerRequester,
  allowedPrivateHosts: config.allowedPrivateHosts,
  allowCommands: config.allowCommands,
  credentials: openCredentials(config.credentials, createGuardedFetch(config.allowedPrivateHosts)),
  connection: workerConnection,
  namespace,
  taskQueues,
  capacity,
  workerVersion: version,
  whenCurrent: version && ((begin) => followCurrent({ connection, namespace }, version, { promotes, logger }, begin)),
  shutdownGraceMs: drainMs,
  scope: config.scope,
  gateway: createTemporalGateway({ connection, namespace, taskQueue: config.taskQueue, trust }),
});

closeWithGrace({ delay: drainMs + CLOSE_MS, logger: false }, async ({ err }) => {
  if (err) logger.fatal({ err }, 'process.crash_caught');
  await worker.stop();
  await Promise.all([connection.close(), workerConnection.close(), store.close()]);
});
worker.ended.catch((error: unknown) => {
  logger.fatal({ err: error }, 'worker.run_failed');
  process.kill(process.pid, 'SIGTERM');
});
process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, ...(version && { version }) })}\n`);
