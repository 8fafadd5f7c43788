/** Countersign as it runs in production: API, worker, PostgreSQL and Temporal, each a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../src/client/index.ts';
import type { CountersignClient } from '../../src/client/index.ts';
import { freePort } from '../../src/platform/services/free-port.ts';
import { createDatabase, dropDatabase } from '../../src/platform/services/postgres-databases.ts';
import { loadSigningKeys } from '../../src/platform/signing-keys.ts';
import { openStore } from '../../src/store/database.ts';
import { migrateStore } from '../../src/store/migrate.ts';
import { issueKey } from '../../src/testing/issue-key.ts';
import { startProcess } from '../../src/testing/server-process.ts';
import { HttpClient } from '../ours/http-client.ts';
import type { Services } from '../services.ts';
import { costOf } from './resources.ts';
import type { Cost } from './resources.ts';

const SCOPE = { tenant: 'acme', project: 'web' } as const;
const AGENTS = fileURLToPath(new URL('agents.ts', import.meta.url));
const ROLES = ['requester', 'approver', 'operator'] as const;

export const PARTS = ['api', 'worker', 'postgres', 'temporal'] as const;
export type PartName = (typeof PARTS)[number];
export type Costs = Readonly<Record<PartName, Cost | undefined>>;

export interface Installation extends AsyncDisposable {
  readonly url: string;
  /** For what is not measured. */
  readonly client: CountersignClient;
  /** For what is. */
  readonly http: HttpClient;
  readonly key: string;
  /** Makes a key of somebody else. */
  newKey(principal: string): Promise<string>;
  costs(): Costs;
}

export async function openInstallation(services: Services): Promise<Installation> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'countersign-bench-api-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const database = `bench_api_${Date.now()}`;
  const databaseUrl = await createDatabase(services.postgresUrl, database);
  stack.defer(() => dropDatabase(services.postgresUrl, database));
  await migrateStore(databaseUrl);
  const store = openStore({ url: databaseUrl, maxConnections: 2 });
  stack.defer(() => store.close());
  const stateDirectory = join(directory, 'state');
  await loadSigningKeys(stateDirectory, Date.now());
  const environment = {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: services.temporalAddress,
    COUNTERSIGN_WORKER_VERSIONING: 'off',
    COUNTERSIGN_TENANT: SCOPE.tenant,
    COUNTERSIGN_PROJECT: SCOPE.project,
    COUNTERSIGN_TASK_QUEUE: database,
    COUNTERSIGN_STATE_DIRECTORY: stateDirectory,
    COUNTERSIGN_WORKSPACES_ROOT: join(directory, 'workspaces'),
    COUNTERSIGN_AGENTS: AGENTS,
    COUNTERSIGN_API_PORT: String(await freePort()),
  };
  const start = async (name: 'api' | 'worker') => {
    const one = await startProcess({
      program: `src/processes/${name}.ts`,
      environment,
      logFile: join(directory, `${name}.log`),
    });
    stack.defer(() => one.stop());
    return one;
  };
  const [api, worker] = [await start('api'), await start('worker')];

  const newKey = async (principal: string) => (await issueKey(store, SCOPE, { principal, roles: ROLES })).key;
  const url = String(api.ready['url']);
  const key = await newKey('anna');
  const http = new HttpClient(url);
  stack.defer(() => http.close());
  const owned = stack.move();
  return {
    url,
    client: createClient({ baseUrl: url, apiKey: key }),
    http,
    key,
    newKey,
    costs: () => ({
      api: costOf(api.pid),
      worker: costOf(worker.pid),
      postgres: costOf(services.postgresPid),
      temporal: costOf(services.temporalPid),
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
