// Opening files below a directory so that no link leads out of it, also while someone else changes the tree.
import { constants, existsSync } from 'node:fs';
import { lstat, mkdir, open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** Why an entry was not opened. */
export type ConfinedProblem = 'missing' | 'symlink' | 'not_a_directory' | 'not_a_regular_file' | 'outside';

export class ConfinedPathError extends Error {
  override readonly name = 'ConfinedPathError';
  readonly problem: ConfinedProblem;

  constructor(problem: ConfinedProblem) {
    super(`The path is ${problem.replaceAll('_', ' ')}.`);
    this.problem = problem;
  }
}

/** An open directory; entries are reached through its descriptor, so renaming or replacing it changes nothing. */
export interface OpenDirectory {
  readonly handle: FileHandle;
  /** Where the directory was when it was opened. */
  readonly path: string;
}

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Node has no `openat`; on Linux a path through the descriptor is the same. Elsewhere each step is checked after. */
const hasDescriptorPaths = process.platform === 'linux' && existsSync('/proc/self/fd');

/** A path to an entry of an open directory, for calls that take paths. */
export const entryPath = (directory: OpenDirectory, name: string): string =>
  hasDescriptorPaths ? `/proc/self/fd/${directory.handle.fd}/${name}` : join(directory.path, name);

/** A path to the open directory itself. */
export const directoryPath = (directory: OpenDirectory): string =>
  hasDescriptorPaths ? `/proc/self/fd/${directory.handle.fd}` : directory.path;

/** Opens a directory by its real path, which has no links in it. */
export async function openRealDirectory(path: string): Promise<OpenDirectory> {
  const handle = await openChecked(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return { handle, path };
}

/** Opens a child directory without following links; with `create`, makes it (mode 0700) where there is none. */
export async function openChildDirectory(
  parent: OpenDirectory,
  name: string,
  options: { readonly create: boolean },
): Promise<OpenDirectory> {
  const path = entryPath(parent, name);
  if (options.create) {
    await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  }
  const handle = await openChecked(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const child = { handle, path: join(parent.path, name) };
  await orClose(handle, checkPlace(child.path, handle));
  return child;
}

/** Opens a file for reading if it is a regular file with one link. A FIFO or device does not block. */
export async function openRegularFile(parent: OpenDirectory, name: string): Promise<FileHandle> {
  const handle = await openChecked(entryPath(parent, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const check = async (): Promise<void> => {
    const status = await handle.stat();
    // Another link to the file may be anywhere, and whoever has it can change the file.
    if (!status.isFile() || status.nlink !== 1) throw new ConfinedPathError('not_a_regular_file');
    await checkPlace(join(parent.path, name), handle);
  };
  await orClose(handle, check());
  return handle;
}

/** Creates a file that did not exist, mode 0600. */
export const createFile = (parent: OpenDirectory, name: string): Promise<FileHandle> =>
  open(entryPath(parent, name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);

/** What an entry is, not following links. */
export async function entryKind(
  parent: OpenDirectory,
  name: string,
): Promise<'missing' | 'symlink' | 'directory' | 'file' | 'other'> {
  try {
    const status = await lstat(entryPath(parent, name));
    if (status.isSymbolicLink()) return 'symlink';
    if (status.isDirectory()) return 'directory';
    return status.isFile() ? 'file' : 'other';
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'missing';
    throw error;
  }
}

/** Where descriptors cannot be walked, a swapped parent would go unseen: what the path names must be what is open. */
async function checkPlace(path: string, handle: FileHandle): Promise<void> {
  if (hasDescriptorPaths) return;
  const [named, opened, real] = await Promise.all([lstat(path), handle.stat(), realpath(path)]);
  if (real !== path || named.dev !== opened.dev || named.ino !== opened.ino) throw new ConfinedPathError('outside');
}

async function openChecked(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') throw new ConfinedPathError('missing');
    if (code === 'ELOOP' || code === 'EMLINK') throw new ConfinedPathError('symlink');
    if (code === 'ENOTDIR') {
      // With O_DIRECTORY, Linux calls a link this too.
      const isLink = await lstat(path).then(
        (status) => status.isSymbolicLink(),
        () => false,
      );
      throw new ConfinedPathError(isLink ? 'symlink' : 'not_a_directory');
    }
    if (code === 'ENXIO' || code === 'ENODEV') throw new ConfinedPathError('not_a_regular_file');
    throw error;
  }
}

async function orClose(handle: FileHandle, check: Promise<void>): Promise<void> {
  try {
    await check;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
