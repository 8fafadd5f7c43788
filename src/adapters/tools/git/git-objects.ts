// Questions to a repository, each one plumbing command that reads committed objects: never the index, never the working
// tree.
import { z } from 'zod';
import { ToolError } from '../tool.ts';
import { parseCommitObject } from './commit-object.ts';
import type { CommitObject } from './commit-object.ts';
import { runGit } from './git-process.ts';
import type { GitDirectory } from './git-process.ts';

/** A branch, tag or commit id, with `~n` and `^n`. No ranges, reflogs, searches or index entries. */
export const RevisionName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_./-]*([~^]\d{0,6})*$/, 'Must be a branch, tag or commit id, optionally with ~n or ^n')
  .refine((name) => !name.includes('..'), 'Must be one revision, not a range');

const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const KIB = 1024;

/** The id of the commit that a revision names. Throws a {@link ToolError} where there is none. */
export async function resolveCommit(repository: GitDirectory, revision: string, signal: AbortSignal): Promise<string> {
  const printed = await runGit({
    repository,
    args: ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
    maxOutputBytes: KIB,
    signal,
  });
  const commit = printed?.toString('latin1').trim();
  if (commit === undefined || !OBJECT_ID.test(commit)) {
    throw new ToolError('revision_not_found', 'The repository has no such commit, branch or tag.');
  }
  return commit;
}

/** Ids of at most `limit` commits that `commit` reaches and `since` does not, newest first. */
export async function listCommits(
  repository: GitDirectory,
  range: { readonly commit: string; readonly since: string | undefined; readonly limit: number },
  signal: AbortSignal,
): Promise<string[]> {
  const excluded = range.since === undefined ? [] : [`^${range.since}`];
  const printed = await runGit({
    repository,
    args: ['rev-list', `--max-count=${range.limit}`, '--end-of-options', range.commit, ...excluded, '--'],
    maxOutputBytes: 100 * range.limit + KIB,
    signal,
  });
  return nonEmptyLines(orUnreadable(printed).toString('latin1'));
}

/** The commits' content, in the order of the ids. */
export async function readCommits(
  repository: GitDirectory,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<CommitObject[]> {
  const printed = await runGit({
    repository,
    args: ['cat-file', '--batch'],
    input: commits.map((commit) => `${commit}\n`).join(''),
    maxOutputBytes: 16 * KIB * KIB,
    signal,
  });
  const output = orUnreadable(printed);
  const found: CommitObject[] = [];
  for (let at = 0; at < output.byteLength;) {
    const lineEnd = output.indexOf('\n', at);
    const size = /^[0-9a-f]+ commit (\d+)$/.exec(output.subarray(at, lineEnd).toString('latin1'))?.[1];
    if (size === undefined) throw unreadable();
    const start = lineEnd + 1;
    found.push(parseCommitObject(output.subarray(start, start + Number(size))));
    at = start + Number(size) + 1;
  }
  if (found.length !== commits.length) throw unreadable();
  return found;
}

/** Paths changed by each commit against its parent; a merge has none of its own. */
export async function changedPaths(
  repository: GitDirectory,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string[]>> {
  const printed = await runGit({
    repository,
    args: [
      'diff-tree',
      '--stdin',
      '-z',
      '-r',
      '--root',
      '--name-status',
      '--no-renames',
      '--no-ext-diff',
      '--no-textconv',
    ],
    input: commits.map((commit) => `${commit}\n`).join(''),
    maxOutputBytes: 16 * KIB * KIB,
    signal,
  });
  const changed = new Map<string, string[]>();
  let current: string[] = [];
  const tokens = orUnreadable(printed).toString('utf8').split('\0');
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? '';
    // A status letter is followed by its path, so a path that looks like an id is not taken for one.
    if (OBJECT_ID.test(token)) changed.set(token, (current = []));
    else if (token !== '') current.push(tokens[++index] ?? '');
  }
  return changed;
}

/** Names of tags by the commit they mark. */
export async function tagsByCommit(repository: GitDirectory, signal: AbortSignal): Promise<Map<string, string[]>> {
  const printed = await runGit({
    repository,
    args: ['for-each-ref', '--count=5000', '--format=%(objectname) %(*objectname) %(refname:lstrip=2)', 'refs/tags/'],
    maxOutputBytes: 4 * KIB * KIB,
    signal,
  });
  const tags = new Map<string, string[]>();
  for (const line of nonEmptyLines(orUnreadable(printed).toString('utf8'))) {
    const [object = '', tagged = '', name = ''] = line.split(' ');
    const commit = tagged === '' ? object : tagged;
    tags.set(commit, [...(tags.get(commit) ?? []), name]);
  }
  return tags;
}

export interface TreeEntry {
  readonly mode: string;
  readonly type: string;
  readonly object: string;
  /** Undefined where it is no file. */
  readonly bytes: number | undefined;
}

/** What a commit has at exactly this path, links not followed. */
export async function findEntry(
  repository: GitDirectory,
  commit: string,
  path: string,
  signal: AbortSignal,
): Promise<TreeEntry | undefined> {
  const printed = await runGit({
    repository,
    args: ['ls-tree', '--full-tree', '-z', '--long', '--end-of-options', commit, '--', path],
    maxOutputBytes: 8 * KIB,
    signal,
  });
  const [entry = ''] = orUnreadable(printed).toString('utf8').split('\0');
  const match = /^(\d{6}) (\w+) ([0-9a-f]+) +(\d+|-)\t/.exec(entry);
  if (match === null || entry.slice(match[0].length) !== path) return undefined;
  const [, mode = '', type = '', object = '', size = '-'] = match;
  return { mode, type, object, bytes: size === '-' ? undefined : Number(size) };
}

/** The content of a blob, as committed: no filters, no conversion of line ends. */
export const readBlob = async (
  repository: GitDirectory,
  object: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> =>
  orUnreadable(await runGit({ repository, args: ['cat-file', 'blob', object], maxOutputBytes: maxBytes, signal }));

const nonEmptyLines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const orUnreadable = (printed: Buffer | undefined): Buffer => {
  if (printed === undefined) throw unreadable();
  return printed;
};

const unreadable = (): ToolError => new ToolError('repository_unreadable', 'git could not read the repository.');
