// A PostgreSQL of our own for development and tests; production brings its own by DATABASE_URL.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { startSupervised, tailOfLog } from '../child-process.ts';
import type { ChildExit, SupervisedChild } from '../child-process.ts';
import { childEnvironment } from '../environment/child-environment.ts';
import type { Progress } from '../progress.ts';
import { acceptsConnections, freePort } from './free-port.ts';
import { LocalServiceError } from './local-service-error.ts';
import { prepareCluster, superuser } from './postgres-cluster.ts';
import type { Cluster } from './postgres-cluster.ts';
import { createDatabase } from './postgres-databases.ts';
import { postgresPrograms } from './postgres-programs.ts';
import type { PostgresPrograms } from './postgres-programs.ts';
import { databaseUser } from './postgres-user.ts';
import type { SystemUser } from './postgres-user.ts';
import { lockService } from './service-lock.ts';

/** Recovery after a crash may replay a lot of log. */
const startTimeoutMs = 120_000;
const portAttempts = 3;
const databaseName = 'countersign';

export interface PostgresOptions {
  /** Holds its lock, password and, unless we are root and it is closed to others, its data. */
  readonly directory: string;
  /** A PostgreSQL of the operator's own (`DATABASE_URL`): used as it is, nothing is started. */
  readonly databaseUrl?: string | undefined;
  /** @default any free port */
  readonly port?: number;
  /** False gives up crash safety for speed: for tests. @default true */
  readonly durable?: boolean;
  readonly progress: Progress;
  readonly logFile: string;
}

export interface PostgresService {
  /** Carries the password: not for logs. */
  readonly url: string;
  /** Not set when the server is not ours. */
  readonly pid?: number;
  /** Where its data lies, when it is ours. */
  readonly dataDirectory?: string;
  /** Settles if a server of ours ends; never for one that is not ours. */
  readonly exited: Promise<ChildExit>;
  stop(): Promise<void>;
}

/** Starts a PostgreSQL of our own, or checks the one that is configured. Resolves when it answers queries. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresService> {
  if (options.databaseUrl !== undefined) return useExisting(options.databaseUrl, options);

  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const lock = lockService(options.directory, 'postgres');
  try {
    const work = () => startOwn(options);
    const server = await options.progress.during(
      'Starting PostgreSQL',
      { expectSeconds: 3, logFile: options.logFile },
      work,
    );
    void server.exited.then(() => lock.release());
    return server;
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function useExisting(url: string, options: PostgresOptions): Promise<PostgresService> {
  await options.progress.during('Connecting to PostgreSQL (DATABASE_URL)', {}, async () => {
    const failure = await failureOf(url);
    if (failure === undefined) return;
    throw new LocalServiceError(
      `The PostgreSQL of DATABASE_URL cannot be used: ${failure}.`,
      'Start or correct it, or unset DATABASE_URL to let Countersign start a local one.',
    );
  });
  return { url, exited: new Promise(() => {}), stop: async () => {} };
}

async function startOwn(options: PostgresOptions): Promise<PostgresService> {
  const durable = options.durable ?? true;
  const user = await databaseUser();
  const programs = await postgresPrograms(user, options.progress);
  const cluster = await prepareCluster({ ...options, programs, user, durable });
  const attempts = options.port === undefined ? portAttempts : 1;
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const child = await startServer({ programs, cluster, user, port, durable }, options);
    const adminUrl = `postgres://${superuser}:${cluster.password}@127.0.0.1:${port}/postgres`;
    if (await answersQueries(child, port, adminUrl)) {
      const url = await createDatabase(adminUrl, databaseName);
      const { pid, exited, stop } = child;
      return { url, pid, dataDirectory: cluster.dataDirectory, exited, stop };
    }
    await child.stop();
    if (attempt >= attempts) throw startFailure(options);
  }
}

interface ServerStart {
  readonly programs: PostgresPrograms;
  readonly cluster: Cluster;
  readonly user: SystemUser | undefined;
  readonly port: number;
  readonly durable: boolean;
}

async function startServer(start: ServerStart, options: PostgresOptions): Promise<SupervisedChild> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: start.port,
    // Passwords over loopback only: a socket file would need a directory that both users reach.
    unix_socket_directories: '',
    max_connections: 200,
    timezone: 'UTC',
    // Its log must hold no content: neither statements nor the row values that details quote.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    ...(start.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return startSupervised({
    command: start.programs.postgres,
    arguments: [
      '-D',
      start.cluster.dataDirectory,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    directory: start.cluster.dataDirectory,
    environment: { ...childEnvironment(), LC_ALL: 'C', HOME: start.cluster.dataDirectory },
    user: start.user,
    // Fast shutdown: sessions are ended, everything is written.
    stopSignal: 'SIGINT',
    logFile: options.logFile,
    pidFile: join(options.directory, 'postgres.pid'),
  });
}

async function answersQueries(child: SupervisedChild, port: number, url: string): Promise<boolean> {
  const deadlineMs = Date.now() + startTimeoutMs;
  while (await acceptsConnections(port, deadlineMs, () => !child.isRunning())) {
    if ((await failureOf(url)) === undefined) return child.isRunning();
    await delay(25);
  }
  return false;
}

/** Why a server does not answer a query; undefined when it does. Never contains the URL. */
async function failureOf(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A connection lost between two awaits is reported by the next one.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message || error.name : 'it does not answer';
  } finally {
    await client.end().catch(() => undefined);
  }
}

function startFailure(options: PostgresOptions): LocalServiceError {
  const ports = options.port === undefined ? '' : ` Is port ${options.port} taken?`;
  return new LocalServiceError(
    `PostgreSQL did not start.${ports}\n${tailOfLog(options.logFile)}`,
    `Read ${options.logFile}, or set DATABASE_URL to a PostgreSQL of yours.`,
    { logFile: options.logFile },
  );
}
