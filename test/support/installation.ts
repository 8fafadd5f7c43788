// An installation whose API and workers are processes of their own, to be killed and replaced.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { freePort } from '../../src/platform/services/free-port.ts';
import { loadSigningKeys } from '../../src/platform/signing-keys.ts';
import type { SigningKeys } from '../../src/platform/signing-keys.ts';
import { openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';
import { migrateStore } from '../../src/store/migrate.ts';
import { issueKey } from '../../src/testing/issue-key.ts';
import { createPerson } from '../../src/testing/person.ts';
import type { Person } from '../../src/testing/person.ts';
import { startProcess } from '../../src/testing/server-process.ts';
import type { ServerProcess } from '../../src/testing/server-process.ts';
import { createTestDatabase } from './database.ts';
import { createOutside } from './outside.ts';
import type { Outside } from './outside.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const AGENTS = fileURLToPath(new URL('agents/outside.ts', import.meta.url));

export interface ApiProcess extends ServerProcess {
  readonly url: string;
}

export interface Installation extends AsyncDisposable {
  readonly store: Store;
  readonly scope: { readonly tenant: string; readonly project: string };
  readonly keys: SigningKeys;
  readonly temporalAddress: string;
  readonly directory: string;
  startApi(): Promise<ApiProcess>;
  startWorker(environment?: Readonly<Record<string, string>>): Promise<ServerProcess>;
  /** Makes an API key of this principal, and speaks with it to this replica. */
  person(principal: string, api: ApiProcess): Promise<Person>;
  outside(...hang: Parameters<typeof createOutside> extends [string, ...infer Rest] ? Rest : never): Outside;
}

export interface InstallationOptions {
  /** Variables beside those that every process of it has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A database of the file's own where it is not given. */
  readonly databaseUrl?: string;
  readonly temporalAddress?: string;
}

/** With its tables, its keys and no process yet. Ends every process it has started when it is disposed of. */
export async function createInstallation(options: InstallationOptions = {}): Promise<Installation> {
  const database = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
  const databaseUrl = options.databaseUrl ?? database?.url ?? '';
  if (!database) await migrateStore(databaseUrl);
  const store = openStore({ url: databaseUrl, maxConnections: 4 });
  const directory = temporaryDirectory();
  const stateDirectory = join(directory, 'state');
  // Made beforehand, so that workers may start before the API.
  const keys = await loadSigningKeys(stateDirectory, Date.now());
  const temporalAddress = options.temporalAddress ?? inject('temporalAddress');
  const scope = { tenant: 'acme', project: 'web' };
  const environment = {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    COUNTERSIGN_TENANT: scope.tenant,
    COUNTERSIGN_PROJECT: scope.project,
    COUNTERSIGN_TASK_QUEUE: `installation-${randomBytes(8).toString('hex')}`,
    COUNTERSIGN_STATE_DIRECTORY: stateDirectory,
    COUNTERSIGN_WORKSPACES_ROOT: join(directory, 'workspaces'),
    COUNTERSIGN_AGENTS: AGENTS,
    // A version takes a second to be known: test/processes/upgrade.test.ts has them.
    COUNTERSIGN_WORKER_VERSIONING: 'off',
    ...options.environment,
  };
  const processes: ServerProcess[] = [];
  const start = async (name: 'api' | 'worker', more: Readonly<Record<string, string>> = {}) => {
    const started = await startProcess({
      program: `src/processes/${name}.ts`,
      environment: { ...environment, ...more },
      logFile: join(directory, `${name}.log`),
    });
    processes.push(started);
    return started;
  };
  return {
    store,
    scope,
    keys,
    temporalAddress,
    directory,
    async startApi() {
      const api = await start('api', { COUNTERSIGN_API_PORT: String(await freePort()) });
      return { ...api, url: String(api.ready['url']) };
    },
    startWorker: (more) => start('worker', more),
    person: async (principal, api) => createPerson(api.url, (await issueKey(store, scope, { principal })).key),
    outside: (...hang) => createOutside(directory, ...hang),
    async [Symbol.asyncDispose]() {
      await Promise.all(processes.map((one) => one.kill()));
      await store.close();
      await database?.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
