// The data directory of the local PostgreSQL: made once, whole or not at all, and recovered after any crash.
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { chown, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { processStartTime } from '../../../scripts/process-lock.mjs';
import { runToEnd, tailOfLog } from '../child-process.ts';
import { childEnvironment } from '../environment/child-environment.ts';
import { LocalServiceError } from './local-service-error.ts';
import type { PostgresPrograms } from './postgres-programs.ts';
import { databaseHome, directoryFor } from './postgres-user.ts';
import type { SystemUser } from './postgres-user.ts';

export const superuser = 'countersign';

/** Written with mode 0600 into the service's directory. Version 1 since the first release. */
const recordSchema = z.object({ version: z.literal(1), home: z.string(), password: z.string() });
export type ClusterRecord = z.infer<typeof recordSchema>;

export interface ClusterOptions {
  readonly directory: string;
  readonly programs: PostgresPrograms;
  readonly user: SystemUser | undefined;
  readonly durable: boolean;
  readonly logFile: string;
}

export interface Cluster {
  readonly dataDirectory: string;
  readonly password: string;
}

/** Finds or makes the cluster that belongs to a service directory, ready for a server to be started on it. */
export async function prepareCluster(options: ClusterOptions): Promise<Cluster> {
  const record = await readOrMakeRecord(options);
  const dataDirectory = join(record.home, 'data');
  await directoryFor(record.home, options.user);
  if (!existsSync(dataDirectory)) await initialise(record, dataDirectory, options);
  checkVersion(dataDirectory, options);
  await clearStalePid(dataDirectory);
  return { dataDirectory, password: record.password };
}

async function readOrMakeRecord({ directory, user }: ClusterOptions): Promise<ClusterRecord> {
  const file = join(directory, 'postgres.json');
  if (existsSync(file)) {
    const record = recordSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (record.success) return record.data;
    throw new LocalServiceError(
      `${file} is not readable as version 1.`,
      'It may be from a newer Countersign: use that one.',
    );
  }
  const home = await databaseHome(directory, randomBytes(8).toString('hex'), user);
  const record: ClusterRecord = { version: 1, home, password: randomBytes(24).toString('base64url') };
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return record;
}

/** An interrupted initdb leaves a directory under another name, which the next attempt removes. */
async function initialise(record: ClusterRecord, dataDirectory: string, options: ClusterOptions): Promise<void> {
  const { programs, user, logFile } = options;
  const unfinished = `${dataDirectory}.new`;
  const passwordFile = join(record.home, 'initial-password');
  await rm(unfinished, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, `${record.password}\n`, { mode: 0o600 });
  if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
  try {
    const made = await runToEnd({
      command: programs.initdb,
      arguments: [
        ...['--pgdata', unfinished, '--username', superuser, '--pwfile', passwordFile],
        ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C'],
        // One flush of the file system instead of one for each of a thousand files.
        ...(options.durable ? (process.platform === 'linux' ? ['--sync-method', 'syncfs'] : []) : ['--no-sync']),
      ],
      directory: record.home,
      environment: { ...childEnvironment(), LC_ALL: 'C', HOME: record.home },
      user,
      logFile,
    });
    if (!made) {
      throw new LocalServiceError(
        `PostgreSQL could not create its data directory.\n${tailOfLog(logFile)}`,
        `Read ${logFile}, or set DATABASE_URL to a PostgreSQL of yours.`,
        { logFile },
      );
    }
    await rename(unfinished, dataDirectory);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function checkVersion(dataDirectory: string, { programs, logFile }: ClusterOptions): void {
  const made = readFileSync(join(dataDirectory, 'PG_VERSION'), 'utf8').trim();
  if (made === programs.majorVersion) return;
  throw new LocalServiceError(
    `The database in ${dataDirectory} was made by PostgreSQL ${made}; this is PostgreSQL ${programs.majorVersion}.`,
    'Use the earlier Countersign, move its data with pg_dump and DATABASE_URL, or remove the directory to start afresh.',
    { logFile },
  );
}

/**
 * PostgreSQL will not start beside a live process whose pid stands in postmaster.pid. We hold the directory's lock, so
 * a PostgreSQL with that pid is a leftover of ours and is stopped; any other program just has its number by chance.
 */
async function clearStalePid(dataDirectory: string): Promise<void> {
  const file = join(dataDirectory, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const isAlive = () => Number.isInteger(pid) && pid > 1 && processStartTime(pid) !== undefined;
  if (isAlive() && isPostgres(pid, dataDirectory)) {
    process.kill(pid, 'SIGINT');
    const deadline = Date.now() + 10_000;
    while (isAlive() && Date.now() < deadline) await delay(50);
    if (isAlive()) process.kill(pid, 'SIGQUIT');
    while (isAlive() && Date.now() < deadline + 10_000) await delay(50);
  }
  if (!isAlive() || !isPostgres(pid, dataDirectory)) rmSync(file, { force: true });
}

function isPostgres(pid: number, dataDirectory: string): boolean {
  try {
    const options = { encoding: 'utf8', env: childEnvironment() } as const;
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], options).includes(dataDirectory);
  } catch {
    return false;
  }
}
