// Which repository a tool may read. What is checked here is everything by which git would read another one's objects:
// links, `.git` files, common directories, alternates.
import { constants } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { ToolError } from '../tool.ts';
import type { GitDirectory } from './git-process.ts';

export interface RepositoryOptions {
  /** The repository read where a call names none: a working tree or a bare repository. */
  readonly repository: string;
  /** Directory whose direct children may be named instead. Without it, none may. */
  readonly repositoriesRoot?: string | undefined;
  /** Directories that are never read, such as the one with keys and the database. */
  readonly forbidden?: readonly string[] | undefined;
}

export interface Repository extends GitDirectory {
  /** What to call it before models and people: the name of its directory. */
  readonly name: string;
}

/** A direct child's name: no slashes, no dots in front. */
export const REPOSITORY_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Finds and checks a repository. Throws a {@link ToolError} without paths in it. */
export async function openRepository(options: RepositoryOptions, name: string | undefined): Promise<Repository> {
  const root = options.repositoriesRoot === undefined ? undefined : await realOrMissing(options.repositoriesRoot);
  if (name !== undefined && root === undefined) {
    throw new ToolError('repository_not_allowed', 'No other repositories are configured; leave the name out.');
  }
  const directory =
    name === undefined || root === undefined ? await realOrMissing(options.repository) : await childOf(root, name);
  const gitDirectory = await findGitDirectory(directory);
  const commonDirectory = await commonDirectoryOf(gitDirectory, directory);
  const mayLieIn = root === undefined ? [directory] : [directory, root];
  // A worktree's main repository may lie elsewhere if it was the operator who pointed at the worktree.
  if (name !== undefined && !isWithinAny(commonDirectory, mayLieIn)) throw leadsElsewhere();
  for (const forbidden of options.forbidden ?? []) {
    const real = await realpath(forbidden).catch(() => resolve(forbidden));
    if ([directory, gitDirectory, commonDirectory].some((path) => isWithin(path, real))) {
      throw new ToolError('repository_not_allowed', 'This directory is never read.');
    }
  }
  await checkObjects(join(commonDirectory, 'objects'), [...mayLieIn, commonDirectory], 0);
  return { gitDirectory, name: basename(directory) };
}

async function childOf(root: string, name: string): Promise<string> {
  if (!REPOSITORY_NAME.test(name)) throw new ToolError('repository_not_allowed', 'This is not a name of a repository.');
  const directory = await realOrMissing(join(root, name));
  if (dirname(directory) !== root) throw leadsElsewhere();
  return directory;
}

async function findGitDirectory(directory: string): Promise<string> {
  const dotGit = join(directory, '.git');
  switch (await kindOf(dotGit)) {
    case 'directory':
      return dotGit;
    case 'file':
      return linkedGitDirectory(directory, dotGit);
    case 'missing':
      // Bare.
      if (
        (await kindOf(join(directory, 'HEAD'))) === 'file' &&
        (await kindOf(join(directory, 'objects'))) === 'directory'
      ) {
        return directory;
      }
      throw notARepository();
    case 'other':
      throw leadsElsewhere();
  }
}

/** `.git` as a file: of a worktree, if what it names points back, or of a git directory inside the working tree. */
async function linkedGitDirectory(directory: string, dotGit: string): Promise<string> {
  const target = /^gitdir: (.+)$/.exec((await readSmallFile(dotGit)).trimEnd())?.[1];
  if (target === undefined) throw notARepository();
  const gitDirectory = await realOrMissing(resolve(directory, target));
  if (isWithin(gitDirectory, directory)) return gitDirectory;
  // Only git itself, asked by the owner of the main repository, writes this.
  if (basename(dirname(gitDirectory)) !== 'worktrees') throw leadsElsewhere();
  const back = (await readSmallFile(join(gitDirectory, 'gitdir'))).trim();
  if ((await realOrMissing(resolve(gitDirectory, back))) !== dotGit) throw leadsElsewhere();
  return gitDirectory;
}

/** Where refs and objects are: the git directory itself, but for a worktree's, where it is two levels up. */
async function commonDirectoryOf(gitDirectory: string, directory: string): Promise<string> {
  const file = join(gitDirectory, 'commondir');
  if ((await kindOf(file)) === 'missing') return gitDirectory;
  const common = await realOrMissing(resolve(gitDirectory, (await readSmallFile(file)).trim()));
  const isWorktree = basename(dirname(gitDirectory)) === 'worktrees' && dirname(dirname(gitDirectory)) === common;
  if (!isWorktree || gitDirectory === join(directory, '.git')) throw leadsElsewhere();
  return common;
}

const MAX_ALTERNATES_DEPTH = 5;

/** No link out of the object store, and objects borrowed only from allowed places. */
async function checkObjects(objects: string, mayLieIn: readonly string[], depth: number): Promise<void> {
  if (depth > MAX_ALTERNATES_DEPTH) throw leadsElsewhere();
  for (const place of [dirname(objects), objects, join(objects, 'pack'), join(objects, 'info')]) {
    if ((await kindOf(place)) === 'missing') continue;
    const entries = await readdir(place, { withFileTypes: true }).catch(() => {
      throw notARepository();
    });
    if (entries.some((entry) => entry.isSymbolicLink())) throw leadsElsewhere();
  }
  const alternates = join(objects, 'info', 'alternates');
  if ((await kindOf(alternates)) === 'missing') return;
  for (const line of (await readSmallFile(alternates)).split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    // Git unquotes such lines; we do not guess what they mean.
    if (line.startsWith('"')) throw leadsElsewhere();
    const other = await realOrMissing(resolve(objects, line));
    if (!isWithinAny(other, mayLieIn)) throw leadsElsewhere();
    await checkObjects(other, mayLieIn, depth + 1);
  }
}

const MAX_SMALL_FILE_BYTES = 64 * 1024;

/** A regular file of git's own bookkeeping; a FIFO in its place does not block. */
async function readSmallFile(path: string): Promise<string> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => {
    throw notARepository();
  });
  try {
    const status = await file.stat();
    if (!status.isFile() || status.size > MAX_SMALL_FILE_BYTES) throw notARepository();
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function kindOf(path: string): Promise<'missing' | 'directory' | 'file' | 'other'> {
  try {
    const status = await lstat(path);
    return status.isDirectory() ? 'directory' : status.isFile() ? 'file' : 'other';
  } catch {
    return 'missing';
  }
}

const realOrMissing = (path: string): Promise<string> =>
  realpath(path).catch(() => {
    throw notARepository();
  });

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);

const isWithinAny = (path: string, directories: readonly string[]): boolean =>
  directories.some((directory) => isWithin(path, directory));

const notARepository = (): ToolError =>
  new ToolError('repository_not_found', 'There is no git repository of this name.');

const leadsElsewhere = (): ToolError =>
  new ToolError(
    'repository_not_allowed',
    'The repository leads to another place (by links, a .git file or alternates), which is not read.',
  );
