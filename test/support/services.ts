// The real services that tests run against, started once for a whole test run.
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { loadConfig } from '../../src/platform/config.ts';
import { streamProgress } from '../../src/platform/progress.ts';
import { startPostgresAndTemporal } from '../../src/platform/services/postgres-and-temporal.ts';
import { dropDatabase } from '../../src/platform/services/postgres-databases.ts';
import { timeSkippingServerExecutable } from '../../src/platform/services/time-skipping.ts';
import { cacheDirectory } from '../../src/platform/state-directory.ts';
import { createTemplateDatabase } from '../../src/testing/migrated-database.ts';
import { removeAbandonedDirectories, temporaryDirectory } from './temporary-directory.ts';

export interface TestServices {
  /** A database that may create others; each test file makes its own with `createDatabase`. */
  readonly postgresUrl: string;
  /** A database with the store's tables, to copy. */
  readonly templateDatabase: string;
  /** A Temporal development server without time skipping. */
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** For `TestWorkflowEnvironment.createTimeSkipping`. */
  readonly timeSkippingServer: string;
}

/** Starts them side by side in a temporary directory; a configured server is used as it is. */
export async function startTestServices(): Promise<{ services: TestServices; stop: () => Promise<void> }> {
  const config = loadConfig();
  const progress = streamProgress(process.stderr);
  removeAbandonedDirectories();
  const directory = temporaryDirectory();

  const stopping: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.all(stopping.map((stopOne) => stopOne()));
    rmSync(directory, { recursive: true, force: true });
    removeAbandonedDirectories();
  };
  const started = <T extends { stop(): Promise<void> }>(service: T): T => {
    stopping.push(service.stop);
    return service;
  };
  const [postgresStarting, temporalStarting] = startPostgresAndTemporal(config, {
    directory,
    durable: false,
    progress,
  });
  const starting = [
    postgresStarting.then(started),
    temporalStarting.then(started),
    timeSkippingServerExecutable({
      testServerPath: config.temporal.testServerPath,
      cacheDirectory: cacheDirectory(config.cacheHome),
      progress,
      logFile: join(directory, 'time-skipping.log'),
    }),
  ] as const;
  try {
    const [postgres, temporal, timeSkippingServer] = await Promise.all(starting);
    const templateDatabase = await createTemplateDatabase(postgres.url);
    const services = {
      postgresUrl: postgres.url,
      templateDatabase,
      temporalAddress: temporal.address,
      temporalNamespace: temporal.namespace,
      timeSkippingServer,
    };
    const stopAll = async () => {
      // The server may be somebody else's.
      await dropDatabase(postgres.url, templateDatabase);
      await stop();
    };
    return { services, stop: stopAll };
  } catch (error) {
    // The logs stay where the error says they are; what did start is stopped.
    await Promise.allSettled(starting);
    await Promise.all(stopping.map((stopOne) => stopOne()));
    throw error;
  }
}
