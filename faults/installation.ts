/** PostgreSQL, Temporal, two API replicas and two workers, each a process of its own that can be killed and comes back. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../src/platform/config.ts';
import { quietProgress } from '../src/platform/progress.ts';
import { freePort } from '../src/platform/services/free-port.ts';
import { startPostgres } from '../src/platform/services/postgres.ts';
import { startTemporal } from '../src/platform/services/temporal.ts';
import { loadSigningKeys } from '../src/platform/signing-keys.ts';
import { cacheDirectory } from '../src/platform/state-directory.ts';
import { openStore } from '../src/store/database.ts';
import type { Store } from '../src/store/database.ts';
import { migrateStore } from '../src/store/migrate.ts';
import { issueKey } from '../src/testing/issue-key.ts';
import { startProcess } from '../src/testing/server-process.ts';
import { openPart } from './part.ts';
import type { Part } from './part.ts';

export const SCOPE = { tenant: 'acme', project: 'web' } as const;

export interface Installation extends AsyncDisposable {
  readonly store: Store;
  readonly directory: string;
  readonly effectsFile: string;
  readonly apiUrls: readonly string[];
  readonly apis: readonly Part[];
  readonly workers: readonly Part[];
  readonly postgres: Part;
  readonly temporal: Part;
  /** Makes an API key. */
  key(principal: string): Promise<string>;
}

const AGENTS = fileURLToPath(new URL('agents.ts', import.meta.url));

export async function createInstallation(): Promise<Installation> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'countersign-faults-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  // Root's PostgreSQL runs as another user, who passes through here to its data.
  await chmod(directory, 0o711);
  const progress = quietProgress();
  const config = loadConfig();
  const [postgresPort, temporalPort, ...apiPorts] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];

  let databaseUrl = '';
  const postgres = stack.use(
    await openPart('PostgreSQL', async () => {
      const started = await startPostgres({
        directory,
        port: postgresPort,
        durable: true,
        progress,
        logFile: join(directory, 'postgres.log'),
      });
      databaseUrl = started.url;
      return { pid: started.pid, stop: () => started.stop() };
    }),
  );
  const temporalAddress = `127.0.0.1:${temporalPort}`;
  const temporal = stack.use(
    await openPart('Temporal', async () => {
      const started = await startTemporal({
        directory,
        cacheDirectory: cacheDirectory(config.cacheHome),
        cliPath: config.temporal.cliPath,
        namespace: 'default',
        ui: false,
        port: temporalPort,
        databaseFile: join(directory, 'temporal.db'),
        progress,
        logFile: join(directory, 'temporal.log'),
      });
      return { pid: started.pid, stop: () => started.stop() };
    }),
  );
  await migrateStore(databaseUrl);
  const store = openStore({ url: databaseUrl, maxConnections: 4 });
  stack.defer(() => store.close());
  const stateDirectory = join(directory, 'state');
  await loadSigningKeys(stateDirectory, Date.now());
  const environment = {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    COUNTERSIGN_WORKER_VERSIONING: 'off',
    COUNTERSIGN_TENANT: SCOPE.tenant,
    COUNTERSIGN_PROJECT: SCOPE.project,
    COUNTERSIGN_TASK_QUEUE: 'faults',
    // A few people make all the load here.
    COUNTERSIGN_RATE_LIMITS: 'reads=1000000,writes=1000000,decisions=1000000,anonymous=1000000',
    COUNTERSIGN_STATE_DIRECTORY: stateDirectory,
    COUNTERSIGN_WORKSPACES_ROOT: join(directory, 'workspaces'),
    COUNTERSIGN_AGENTS: AGENTS,
  };
  const part = (name: string, program: 'api' | 'worker', more: Readonly<Record<string, string>> = {}) =>
    openPart(name, () =>
      startProcess({
        program: `src/processes/${program}.ts`,
        environment: { ...environment, ...more },
        logFile: join(directory, `${name}.log`),
      }),
    );
  const apis = await Promise.all(
    apiPorts.map(async (port, index) =>
      stack.use(await part(`api-${index + 1}`, 'api', { COUNTERSIGN_API_PORT: String(port) })),
    ),
  );
  const workers = await Promise.all([1, 2].map(async (index) => stack.use(await part(`worker-${index}`, 'worker'))));
  const owned = stack.move();
  return {
    store,
    directory,
    effectsFile: join(directory, 'effects'),
    apiUrls: apiPorts.map((port) => `http://127.0.0.1:${port}`),
    apis,
    workers,
    postgres,
    temporal,
    key: async (principal) => (await issueKey(store, SCOPE, { principal })).key,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
