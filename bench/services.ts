/** PostgreSQL with fsync and Temporal on a file, in a temporary directory: as in a local installation. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../src/platform/config.ts';
import { startPostgres } from '../src/platform/services/postgres.ts';
import { startTemporal } from '../src/platform/services/temporal.ts';
import { cacheDirectory } from '../src/platform/state-directory.ts';
import { progress } from './progress.ts';

export interface Services {
  readonly postgresUrl: string;
  readonly temporalAddress: string;
  /** Undefined of a server that was configured. */
  readonly postgresPid?: number | undefined;
  readonly temporalPid?: number | undefined;
  stop(): Promise<void>;
}

/** Servers that are configured are used as they are. */
export const startServices = async (): Promise<Services> => {
  const config = loadConfig();
  const directory = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  // Root's PostgreSQL runs as another user, who passes through here to its data.
  await chmod(directory, 0o711);
  const starting = [
    startPostgres({
      directory,
      databaseUrl: config.databaseUrl,
      durable: true,
      progress,
      logFile: join(directory, 'postgres.log'),
    }),
    startTemporal({
      directory,
      cacheDirectory: cacheDirectory(config.cacheHome),
      address: config.temporal.address,
      cliPath: config.temporal.cliPath,
      namespace: 'default',
      ui: false,
      databaseFile: join(directory, 'temporal.db'),
      progress,
      logFile: join(directory, 'temporal.log'),
    }),
  ] as const;
  const stop = async () => {
    const started = await Promise.allSettled(starting);
    await Promise.all(started.map(async (one) => one.status === 'fulfilled' && (await one.value.stop())));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const [postgres, temporal] = await Promise.all(starting);
    const pids = { postgresPid: postgres.pid, temporalPid: temporal.pid };
    return { postgresUrl: postgres.url, temporalAddress: temporal.address, ...pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
