/** A worker as a process of its own. Any number of them may serve one task queue. */
import { NativeConnection } from '@temporalio/worker';
import closeWithGrace from 'close-with-grace';
import { connectLazily } from '../gateway/connection.ts';
import { createTemporalGateway } from '../gateway/temporal-gateway.ts';
import { systemClock } from '../platform/clock.ts';
import { loadConfig } from '../platform/config.ts';
import { ConfigError } from '../platform/config-error.ts';
import { createGuardedFetch } from '../platform/outgoing/guarded-fetch.ts';
import { openCredentials } from '../adapters/credentials/open-credentials.ts';
import { installation } from '../platform/installation.ts';
import { createLogger } from '../platform/logger.ts';
import { loadTrustedKeys } from '../platform/signing-keys.ts';
import { openStore } from '../store/database.ts';
import { startWorker } from '../worker/start-worker.ts';
import { installTemporalRuntime } from '../worker/temporal-runtime.ts';
import { loadConfiguredAgents } from './configured-agents.ts';

const config = loadConfig();
const place = await installation(config);
const { databaseUrl, temporalAddress, stateDirectory, workspacesRoot, deployment, people } = place;
const logger = createLogger({ level: config.logLevel, service: 'worker' });
installTemporalRuntime(logger);

const trust = await loadTrustedKeys(stateDirectory);
if (!trust)
  throw new ConfigError(['COUNTERSIGN_STATE_DIRECTORY has no trust.json: start the API once, or copy it from there']);
const store = openStore({ url: databaseUrl, applicationName: 'countersign-worker' });
const { namespace } = config.temporal;
const connection = connectLazily(temporalAddress);
const workerConnection = await NativeConnection.connect({ address: temporalAddress });
const worker = await startWorker({
  store,
  clock: systemClock,
  logger,
  trust,
  agents: await loadConfiguredAgents(config, place),
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
  taskQueue: config.taskQueue,
  scope: config.scope,
  gateway: createTemporalGateway({ connection, namespace, taskQueue: config.taskQueue, trust }),
});

closeWithGrace({ delay: 30_000, logger: false }, async ({ err }) => {
  if (err) logger.fatal({ err }, 'process.crash_caught');
  await worker.stop();
  await Promise.all([connection.close(), workerConnection.close(), store.close()]);
});
worker.ended.catch((error: unknown) => {
  logger.fatal({ err: error }, 'worker.run_failed');
  process.kill(process.pid, 'SIGTERM');
});
process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid })}\n`);
