/** Real services for tests, without an installation: a PostgreSQL and a Temporal that end with the test. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAgentModules } from '../adapters/agents/load-agents.ts';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { loadConfig } from '../platform/config.ts';
import { streamProgress } from '../platform/progress.ts';
import { startPostgres } from '../platform/services/postgres.ts';
import { startTemporal } from '../platform/services/temporal.ts';
import { cacheDirectory } from '../platform/state-directory.ts';
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
  const logFile = (name: string): string => join(directory, `${name}.log`);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const stopped = <T extends { stop(): Promise<void> }>(service: T): T => {
    stack.defer(() => service.stop());
    return service;
  };
  const starting = [
    startPostgres({
      directory,
      databaseUrl: config.databaseUrl,
      durable: false,
      progress,
      logFile: logFile('postgres'),
    }),
    startTemporal({
      directory,
      cacheDirectory: cacheDirectory(config.cacheHome),
      address: config.temporal.address,
      cliPath: config.temporal.cliPath,
      namespace: config.temporal.namespace,
      ui: false,
      databaseFile: null,
      progress,
      logFile: logFile('temporal'),
    }),
  ] as const;
  for (const outcome of await Promise.allSettled(starting)) if (outcome.status === 'fulfilled') stopped(outcome.value);
  const [postgres, temporal] = await Promise.all(starting);
  const started = stack.move();
  return {
    postgresUrl: postgres.url,
    temporalAddress: temporal.address,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Agents of modules and files, as a worker loads them. Relative to the working directory. */
export const loadAgents = async (paths: readonly string[]): Promise<readonly AgentSource[]> =>
  (await loadAgentModules(paths, { repository: process.cwd() })).map(({ source }) => source);
