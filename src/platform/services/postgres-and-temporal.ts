import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Progress } from '../progress.ts';
import { cacheDirectory } from '../state-directory.ts';
import { startPostgres } from './postgres.ts';
import type { PostgresService } from './postgres.ts';
import { startTemporal } from './temporal.ts';
import type { TemporalService } from './temporal.ts';

export interface ServicesOptions {
  /** Holds their data and their logs. */
  readonly directory: string;
  /** False where nothing needs to outlive them: PostgreSQL without fsync, Temporal in memory. */
  readonly durable: boolean;
  readonly progress: Progress;
}

/** PostgreSQL and Temporal for tests and benchmarks, started side by side. Configured ones are used as they are. */
export const startPostgresAndTemporal = (
  { databaseUrl, temporal, cacheHome }: Pick<Config, 'databaseUrl' | 'temporal' | 'cacheHome'>,
  { directory, durable, progress }: ServicesOptions,
): readonly [Promise<PostgresService>, Promise<TemporalService>] => [
  startPostgres({ directory, databaseUrl, durable, progress, logFile: join(directory, 'postgres.log') }),
  startTemporal({
    directory,
    cacheDirectory: cacheDirectory(cacheHome),
    endpoint: temporal.endpoint,
    cliPath: temporal.cliPath,
    namespace: temporal.namespace,
    ui: false,
    databaseFile: durable ? join(directory, 'temporal.db') : null,
    progress,
    logFile: join(directory, 'temporal.log'),
  }),
];
