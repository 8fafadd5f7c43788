/** The bridge as a process of its own: stateless, so any replica answers any request. */
import closeWithGrace from 'close-with-grace';
import { openGuards } from '../adapters/guards/open-guards.ts';
import { openSink } from '../adapters/sinks/open-sink.ts';
import { serveApi } from '../api/server.ts';
import { connectLazily } from '../gateway/connection.ts';
import { createCommandSigner } from '../gateway/sign-command.ts';
import { createTemporalGateway } from '../gateway/temporal-gateway.ts';
import { systemClock } from '../platform/clock.ts';
import { loadInstallation } from '../platform/installation.ts';
import { createLogger } from '../platform/logger.ts';
import { loadSigningKeys, trustedKeys } from '../platform/signing-keys.ts';
import { createTokenVerifier } from '../platform/tokens/token-verifier.ts';
import { createGuardedFetch } from '../platform/outgoing/guarded-fetch.ts';
import { version } from '../platform/version.ts';
import { openStore } from '../store/database.ts';
import { createEventFeed } from '../store/feed.ts';
import { artifactReader } from './artifact-reader.ts';
import { startCheckpointer } from './checkpointer.ts';
import { serveClassic } from './serve-classic.ts';
import { createCheckpointSigner } from './sign-checkpoint.ts';

const { config, place } = await loadInstallation('api');
const { databaseUrl, temporal, stateDirectory, workspacesRoot, people, tokens, guards } = place;
const fetch = createGuardedFetch(config.allowedPrivateHosts);
const logger = createLogger({ level: config.logLevel, service: 'api' });
const keys = await loadSigningKeys(stateDirectory, Date.now());
const store = openStore({ url: databaseUrl, applicationName: 'countersign-api' });
const feed = createEventFeed({ url: databaseUrl, store, logger });
const connection = connectLazily(temporal);
const { namespace } = config.temporal;

const trust = trustedKeys(keys);
const classic =
  config.classicRuns === 'on'
    ? await serveClassic(config, place, { store, clock: systemClock, logger, trust })
    : undefined;

const api = await serveApi(
  {
    store,
    feed,
    gateway: createTemporalGateway({
      connection,
      namespace,
      taskQueue: config.taskQueue,
      trust,
      fleet: config.worker,
    }),
    ...(classic && { classic }),
    signer: await createCommandSigner(keys),
    clock: systemClock,
    logger,
    artifacts: artifactReader({ workspacesRoot, forbidden: [stateDirectory] }),
    maxActiveRunsPerRequester: config.maxActiveRunsPerRequester,
    guards: openGuards(guards, config.moderationToken),
    allowedHosts: config.api.allowedHosts,
    allowedOrigins: config.api.allowedOrigins,
    trustedProxies: config.api.trustedProxies,
    version,
    people,
    ...(tokens && { tokens: createTokenVerifier(tokens, logger, { fetch }) }),
    limits: { rates: config.api.rates },
  },
  config.api,
);

const sinks = config.checkpointSinks.map((url) => openSink(url, fetch));
const sign = await createCheckpointSigner(keys);
const checkpointer =
  sinks.length > 0 ? startCheckpointer({ store, sinks, sign, clock: systemClock, logger }) : undefined;

closeWithGrace({ delay: 30_000, logger: false }, async ({ err }) => {
  if (err) logger.fatal({ err }, 'process.crash_caught');
  await api.close();
  await classic?.stop();
  await checkpointer?.stop();
  await feed.close();
  await Promise.all([connection.close(), store.close()]);
});
process.stdout.write(`${JSON.stringify({ ready: true, url: api.url, pid: process.pid })}\n`);
