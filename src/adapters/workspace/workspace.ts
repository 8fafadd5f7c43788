import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, realpath, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { sep } from 'node:path';
import type { Scope } from '../../domain/schemas/names.ts';
import { RunId, ScopeName } from '../../domain/schemas/names.ts';
import type { Receipt } from '../../domain/schemas/run.ts';
import {
  ConfinedPathError,
  createFile,
  directoryPath,
  entryKind,
  entryPath,
  openChildDirectory,
  openRealDirectory,
  openRegularFile,
} from './confined-directory.ts';
import type { OpenDirectory } from './confined-directory.ts';
import { TEMPORARY_PREFIX, parseRelativePath } from './relative-path.ts';

export type WorkspaceProblem = 'missing' | 'empty' | 'outside' | 'not_a_regular_file' | 'symlink' | 'too_large';

/** A path that cannot be used. The message is fit to be told to a model and holds no path of the machine. */
export class WorkspaceError extends Error {
  override readonly name = 'WorkspaceError';
  readonly code: WorkspaceProblem;

  constructor(code: WorkspaceProblem, message: string) {
    super(message);
    this.code = code;
  }
}

export type ReceiptResult =
  | { readonly ok: true; readonly receipt: Receipt }
  | { readonly ok: false; readonly problem: WorkspaceProblem };

/** The files of one run, and nothing else of the machine. Paths are relative, with forward slashes. */
export interface Workspace {
  /** The content of a regular file. Throws a {@link WorkspaceError}. */
  read(path: string): Promise<Buffer>;
  /** Writes or replaces a file as a whole: a reader sees the old content or the new. Throws a {@link WorkspaceError}. */
  write(path: string, content: Uint8Array): Promise<Receipt>;
  /** Size and SHA-256 (hex) of a file that is there and not empty, or why there is no receipt. */
  receipt(path: string): Promise<ReceiptResult>;
  /** Paths of all regular files, sorted; at most 1,000. */
  list(): Promise<string[]>;
  /** Where it is on this machine: for programs that work in it, never to be shown. */
  directory(): Promise<string>;
}

export interface WorkspaceOptions {
  /** Directory of all workspaces; made where it is missing. */
  readonly root: string;
  readonly scope: Scope;
  readonly runId: string;
  /** Directories that no workspace may lie in or around, such as the one with keys and the database. */
  readonly forbidden?: readonly string[];
}

const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_LISTED = 1000;
const MAX_DEPTH = 64;

/** Opens the workspace of a run, `root/tenant/project/runId`, making its directories (mode 0700) where they are missing. */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const { tenant, project } = options.scope;
  const names = [ScopeName.parse(tenant), ScopeName.parse(project), RunId.parse(options.runId)];
  await mkdir(options.root, { recursive: true, mode: 0o700 });
  // The root is the operator's and may be reached by links; below it none are followed.
  const root = await realpath(options.root);
  for (const forbidden of await Promise.all((options.forbidden ?? []).map(realOrSame))) {
    const directory = [root, ...names].join(sep);
    if (isWithin(root, forbidden) || isWithin(forbidden, directory)) {
      throw new WorkspaceError('outside', 'Workspaces must not share a directory with the state of Countersign.');
    }
  }
  await withDirectory(root, names, { create: true }, async () => {});

  const inFile = async <T>(path: string, create: boolean, use: (parent: OpenDirectory, name: string) => Promise<T>) => {
    const parsed = parseRelativePath(path);
    if (!parsed.ok) throw new WorkspaceError('outside', parsed.problem);
    const name = parsed.segments.at(-1) as string;
    try {
      return await withDirectory(root, [...names, ...parsed.segments.slice(0, -1)], { create }, (parent) =>
        use(parent, name),
      );
    } catch (error) {
      throw error instanceof ConfinedPathError ? workspaceError(error) : error;
    }
  };
  const read = (path: string): Promise<Buffer> =>
    inFile(path, false, async (parent, name) => {
      await using file = await openRegularFile(parent, name);
      return await readBounded(file);
    });

  return {
    read,
    write: (path, content) =>
      inFile(path, true, async (parent, name) => {
        if (content.byteLength > MAX_FILE_BYTES) throw tooLarge();
        await refuseOtherThanFile(parent, name);
        await replaceFile(parent, name, content);
        return receiptOf(path, content);
      }),
    async receipt(path) {
      try {
        const content = await read(path);
        return content.byteLength === 0
          ? { ok: false, problem: 'empty' }
          : { ok: true, receipt: receiptOf(path, content) };
      } catch (error) {
        if (error instanceof WorkspaceError) return { ok: false, problem: error.code };
        throw error;
      }
    },
    directory: async () => {
      const path = [root, ...names].join(sep);
      // Below the root nothing may lead elsewhere, whatever a program has done to it since.
      if ((await realpath(path)) !== path) throw new WorkspaceError('outside', 'The workspace has been moved.');
      return path;
    },
    list: () =>
      withDirectory(root, names, { create: false }, async (directory) => (await listFiles(directory)).toSorted()),
  };
}

/** Walks from a real directory down, without following links, and closes every directory again. */
async function withDirectory<T>(
  root: string,
  names: readonly string[],
  options: { readonly create: boolean },
  use: (directory: OpenDirectory) => Promise<T>,
): Promise<T> {
  const opened = [await openRealDirectory(root)];
  try {
    for (const name of names) opened.push(await openChildDirectory(opened.at(-1) as OpenDirectory, name, options));
    return await use(opened.at(-1) as OpenDirectory);
  } finally {
    await Promise.all(opened.map((directory) => directory.handle.close()));
  }
}

async function readBounded(file: FileHandle): Promise<Buffer> {
  if ((await file.stat()).size > MAX_FILE_BYTES) throw tooLarge();
  const content = await file.readFile();
  if (content.byteLength > MAX_FILE_BYTES) throw tooLarge();
  return content;
}

/** Replacing a link by a file would be safe, but nobody who consented meant it. */
async function refuseOtherThanFile(parent: OpenDirectory, name: string): Promise<void> {
  const kind = await entryKind(parent, name);
  if (kind === 'symlink') throw new ConfinedPathError('symlink');
  if (kind === 'directory' || kind === 'other') throw new ConfinedPathError('not_a_regular_file');
}

async function replaceFile(parent: OpenDirectory, name: string, content: Uint8Array): Promise<void> {
  const temporary = `${TEMPORARY_PREFIX}${randomBytes(12).toString('hex')}`;
  const file = await createFile(parent, temporary);
  try {
    await file.writeFile(content);
    await file.sync();
    await rename(entryPath(parent, temporary), entryPath(parent, name));
  } catch (error) {
    await unlink(entryPath(parent, temporary)).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
  await parent.handle.sync();
}

async function listFiles(directory: OpenDirectory, prefix = '', depth = 0): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directoryPath(directory), { withFileTypes: true })) {
    if (found.length >= MAX_LISTED) break;
    if (entry.name.startsWith(TEMPORARY_PREFIX)) continue;
    if (entry.isFile()) found.push(`${prefix}${entry.name}`);
    if (!entry.isDirectory() || depth >= MAX_DEPTH) continue;
    const child = await openChildDirectory(directory, entry.name, { create: false });
    try {
      found.push(...(await listFiles(child, `${prefix}${entry.name}/`, depth + 1)));
    } finally {
      await child.handle.close();
    }
  }
  return found.slice(0, MAX_LISTED);
}

const receiptOf = (path: string, content: Uint8Array): Receipt => ({
  path,
  bytes: content.byteLength,
  sha256: createHash('sha256').update(content).digest('hex'),
});

const tooLarge = (): WorkspaceError =>
  new WorkspaceError('too_large', `The file is larger than ${MAX_FILE_BYTES} bytes.`);

function workspaceError(error: ConfinedPathError): WorkspaceError {
  switch (error.problem) {
    case 'missing':
      return new WorkspaceError('missing', 'There is no file at this path.');
    case 'symlink':
      return new WorkspaceError('symlink', 'The path goes through a symbolic link.');
    case 'outside':
      return new WorkspaceError('outside', 'The path leads out of the workspace.');
    case 'not_a_directory':
    case 'not_a_regular_file':
      return new WorkspaceError('not_a_regular_file', 'What is at this path is not a regular file with one name.');
  }
}

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);

const realOrSame = (path: string): Promise<string> => realpath(path).catch(() => path);
