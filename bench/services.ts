/** PostgreSQL with fsync and Temporal on a file, in a temporary directory: as in a local installation. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../src/platform/config.ts';
import { startPostgresAndTemporal } from '../src/platform/services/postgres-and-temporal.ts';
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
  // Whoever measures connects to this one.
  const temporal = { ...config.temporal, namespace: 'default' };
  const directory = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  // Root's PostgreSQL runs as another user, who passes through here to its data.
  await chmod(directory, 0o711);
  const starting = startPostgresAndTemporal({ ...config, temporal }, { directory, durable: true, progress });
  const stop = async () => {
    const started = await Promise.allSettled(starting);
    await Promise.all(started.map(async (one) => one.status === 'fulfilled' && (await one.value.stop())));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const [postgres, { address, pid }] = await Promise.all(starting);
    return { postgresUrl: postgres.url, temporalAddress: address, postgresPid: postgres.pid, temporalPid: pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
