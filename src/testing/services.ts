/** Real services for tests, without an installation: a PostgreSQL and a Temporal that end with the test. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAgentModules } from '../adapters/agents/load-agents.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { loadConfig } from '../platform/config.ts';
import { streamProgress } from '../platform/progress.ts';
import { startPostgresAndTemporal } from '../platform/services/postgres-and-temporal.ts';
import { dropDatabase } from '../platform/services/postgres-databases.ts';
import { createTemplateDatabase } from './migrated-database.ts';
import type { WorldServices } from './world.ts';

export interface StartedServices extends WorldServices, AsyncDisposable {}

/**
 * Starts them side by side in a temporary directory; configured ones (`DATABASE_URL`, `TEMPORAL_ADDRESS`) are used as
 * they are. One start serves any number of worlds.
 */
export async function startTestServices(): Promise<StartedServices> {
  const config = loadConfig();
  const progress = streamProgress(process.stderr);
  const directory = mkdtempSync(join(tmpdir(), 'countersign-services-'));
  // Others may pass through it: root's PostgreSQL runs as another user.
  chmodSync(directory, 0o711);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const stopped = <T extends { stop(): Promise<void> }>(service: T): T => {
    stack.defer(() => service.stop());
    return service;
  };
  const starting = startPostgresAndTemporal(config, { directory, durable: false, progress });
  for (const outcome of await Promise.allSettled(starting)) if (outcome.status === 'fulfilled') stopped(outcome.value);
  const [postgres, temporal] = await Promise.all(starting);
  const templateDatabase = await createTemplateDatabase(postgres.url);
  stack.defer(() => dropDatabase(postgres.url, templateDatabase));
  const started = stack.move();
  return {
    postgresUrl: postgres.url,
    templateDatabase,
    temporalAddress: temporal.address,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Agents of modules and files, as a worker loads them. Relative to the working directory. */
export const loadAgents = async (paths: readonly string[]): Promise<readonly AgentSource[]> =>
  (await loadAgentModules(paths, { repository: process.cwd() })).map(({ source }) => source);
