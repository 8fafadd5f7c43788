// A second API on the database and Temporal of a world.
import { openGuards } from '../../src/adapters/guards/open-guards.ts';
import { serveApi } from '../../src/api/server.ts';
import { connectLazily } from '../../src/gateway/connection.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import { createTemporalGateway } from '../../src/gateway/temporal-gateway.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { GuardsConfig } from '../../src/platform/guards-file.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { trustedKeys } from '../../src/platform/signing-keys.ts';
import { artifactReader } from '../../src/processes/artifact-reader.ts';
import { openStore } from '../../src/store/database.ts';
import { createEventFeed } from '../../src/store/feed.ts';
import { createPerson } from '../../src/testing/person.ts';
import type { Person } from '../../src/testing/person.ts';
import type { World } from '../../src/testing/world.ts';

export interface Replica extends AsyncDisposable {
  readonly url: string;
  /** The same person, speaking to this replica. */
  speaksHere(person: Person): Person;
}

/** It shares nothing with the world's own API but the store, the keys and Temporal; that one may be replaced, too. */
export async function createReplica(
  world: World,
  options: {
    temporalAddress?: string;
    maxActiveRunsPerRequester?: number;
    guards?: unknown;
    logs?: { write(line: string): void };
  } = {},
): Promise<Replica> {
  const { databaseUrl, taskQueue, keys, workspacesRoot } = world;
  const logger = createLogger({
    service: 'replica',
    ...(options.logs ? { level: 'trace', destination: options.logs } : { level: 'silent' }),
  });
  const store = openStore({ url: databaseUrl, applicationName: 'replica' });
  const feed = createEventFeed({ url: databaseUrl, store, logger });
  const connection = connectLazily({ address: options.temporalAddress ?? world.temporalAddress });
  const gateway = createTemporalGateway({ connection, namespace: 'default', taskQueue, trust: trustedKeys(keys) });
  const dependencies = {
    store,
    feed,
    gateway,
    signer: await createCommandSigner(keys),
    clock: systemClock,
    logger,
    artifacts: artifactReader({ workspacesRoot, forbidden: [] }),
    guards: openGuards(GuardsConfig.parse(options.guards ?? {})),
    allowedHosts: [],
    version: '0.0.0-test',
    // A slow machine is no reason to turn requests away.
    limits: { eventLoopDelayMs: Number.POSITIVE_INFINITY },
    maxActiveRunsPerRequester: options.maxActiveRunsPerRequester,
  };
  const api = await serveApi(dependencies, { host: '127.0.0.1', port: 0 });
  return {
    url: api.url,
    speaksHere: (person) => createPerson(api.url, person.key),
    async [Symbol.asyncDispose]() {
      await api.close();
      await feed.close();
      await Promise.all([connection.close(), store.close()]);
    },
  };
}
