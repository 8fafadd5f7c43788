// PostgreSQL refuses to run as root. When we are root, it runs as an unprivileged user, in places that user can reach.
import { execFile } from 'node:child_process';
import { chown, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../environment/child-environment.ts';
import { LocalServiceError } from './local-service-error.ts';

const execute = promisify(execFile);

/** Where root's databases and program copies go: a root-only home directory cannot be entered by another user. */
export const rootDataHome = '/var/lib/countersign';

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** Existing accounts in order of preference; `nobody` is the last resort of a read-only system. */
const knownUsers = ['postgres', '_postgres', 'countersign'];

/** Whom PostgreSQL runs as: undefined (ourselves) unless we are root. Creates the user `countersign` if none fits. */
export async function databaseUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of knownUsers) {
    const user = await lookUp(name);
    if (user !== undefined) return user;
  }
  await createUser();
  const user = (await lookUp('countersign')) ?? (await lookUp('nobody'));
  if (user !== undefined) return user;
  throw new LocalServiceError(
    'PostgreSQL cannot run as root, and there is no other user for it.',
    'Run as a plain user, create a system user named postgres, or set DATABASE_URL.',
  );
}

async function lookUp(name: string): Promise<SystemUser | undefined> {
  try {
    const environment = { env: childEnvironment() };
    const uid = Number((await execute('id', ['-u', name], environment)).stdout);
    const gid = Number((await execute('id', ['-g', name], environment)).stdout);
    return uid > 0 ? { uid, gid } : undefined;
  } catch {
    return undefined;
  }
}

async function createUser(): Promise<void> {
  const options = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'countersign'];
  const busybox = ['-S', '-D', '-H', 'countersign'];
  const environment = { env: childEnvironment() };
  try {
    await execute('useradd', options, environment);
  } catch {
    // Another system's command, or another process has just done it: the look-up that follows tells.
    await execute('adduser', busybox, environment).catch(() => undefined);
  }
}

/** True when the user can enter the directory and all above it, by ownership or for everybody. */
export async function canEnter(directory: string, user: SystemUser): Promise<boolean> {
  const { mode, uid } = await stat(directory);
  if (((uid === user.uid ? mode >> 6 : mode) & 0o1) === 0) return false;
  return dirname(directory) === directory || canEnter(dirname(directory), user);
}

/** A directory of the user's own, mode 0700, under a parent that is created if missing. */
export async function directoryFor(directory: string, user: SystemUser | undefined): Promise<void> {
  if (user !== undefined) await mkdir(dirname(directory), { recursive: true, mode: 0o711 });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (user !== undefined) await chown(directory, user.uid, user.gid);
}

/** Where a database with this id goes: into the service's directory, or under {@link rootDataHome} if it must. */
export async function databaseHome(directory: string, id: string, user: SystemUser | undefined): Promise<string> {
  if (user === undefined || (await canEnter(directory, user))) return join(directory, 'postgres');
  return join(rootDataHome, id);
}
