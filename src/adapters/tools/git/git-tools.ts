import { z } from 'zod';
import type { JsonValue } from '../../../domain/arguments/json-value.ts';
import { parseRelativePath } from '../../workspace/relative-path.ts';
import { textOrRefusal } from '../files/text-of.ts';
import { ToolError, defineTool } from '../tool.ts';
import type { Tool } from '../tool.ts';
import { clean } from './commit-object.ts';
import {
  RevisionName,
  changedPaths,
  findEntry,
  listCommits,
  readBlob,
  readCommits,
  resolveCommit,
  tagsByCommit,
} from './git-objects.ts';
import { REPOSITORY_NAME, openRepository } from './repository.ts';
import type { RepositoryOptions } from './repository.ts';

const MAX_COMMITS = 200;
const MAX_PATHS_PER_COMMIT = 20;
const MAX_LOG_LENGTH = 256 * 1024;
const MAX_FILE_BYTES = 256 * 1024;

const repositoryArgument = z
  .string()
  .regex(REPOSITORY_NAME, 'Must be the name of a repository, without slashes')
  .optional()
  .describe('Name of another repository; leave out for the default one');

/** `git_log`: commits of a repository, read from committed objects at the commit it names. */
export const gitLogTool = (options: RepositoryOptions): Tool =>
  defineTool({
    name: 'git_log',
    description:
      'Lists commits of a git repository, newest first, with author, date, subject, body, tags and changed files. ' +
      'Gives the id of the commit it started from: use it as the revision of later calls.',
    input: z.strictObject({
      repository: repositoryArgument,
      revision: RevisionName.default('HEAD').describe('Branch, tag or commit to start from'),
      since: RevisionName.optional().describe('Leave out what this branch, tag or commit already has'),
      limit: z.number().int().min(1).max(MAX_COMMITS).default(50),
    }),
    effect: 'none',
    timeoutMs: 120_000,
    annotations: { readOnlyHint: true },
    async execute({ repository: name, revision, since, limit }, { signal }) {
      const repository = await openRepository(options, name);
      const commit = await resolveCommit(repository, revision, signal);
      const sinceCommit = since === undefined ? undefined : await resolveCommit(repository, since, signal);
      // One more than asked tells whether there are more.
      const ids = await listCommits(repository, { commit, since: sinceCommit, limit: limit + 1 }, signal);
      const wanted = ids.slice(0, limit);
      const contents = await readCommits(repository, wanted, signal);
      const paths = await changedPaths(repository, wanted, signal);
      const tags = await tagsByCommit(repository, signal);
      const commits: JsonValue[] = [];
      let length = 0;
      for (const [index, id] of wanted.entries()) {
        const { author, authoredAt, subject, body, parents } = contents[index] ?? unreachable();
        const files = paths.get(id) ?? [];
        const entry = {
          commit: id,
          author,
          authoredAt,
          subject,
          body,
          isMerge: parents > 1,
          tags: (tags.get(id) ?? []).map((tag) => clean(tag, 200)),
          files: files.slice(0, MAX_PATHS_PER_COMMIT).map((path) => clean(path, 500)),
          filesChanged: files.length,
        };
        length += JSON.stringify(entry).length;
        if (length > MAX_LOG_LENGTH) break;
        commits.push(entry);
      }
      return {
        repository: repository.name,
        commit,
        since: sinceCommit ?? null,
        commits,
        truncated: commits.length < ids.length,
      };
    },
  });

/** `read_file`: a text file as committed. */
export const readFileTool = (options: RepositoryOptions): Tool =>
  defineTool({
    name: 'read_file',
    description: 'Reads a text file of a git repository as it was committed. Links are not followed.',
    input: z.strictObject({
      repository: repositoryArgument,
      revision: RevisionName.default('HEAD').describe('Branch, tag or commit to read from'),
      path: z.string().min(1).max(500).describe('Path from the root of the repository, with forward slashes'),
    }),
    effect: 'none',
    timeoutMs: 60_000,
    annotations: { readOnlyHint: true },
    async execute({ repository: name, revision, path }, { signal }) {
      const parsed = parseRelativePath(path);
      if (!parsed.ok) throw new ToolError('invalid_path', parsed.problem);
      const repository = await openRepository(options, name);
      const commit = await resolveCommit(repository, revision, signal);
      const entry = await findEntry(repository, commit, path, signal);
      if (entry === undefined) throw new ToolError('file_not_found', 'The commit has no file at this path.');
      if (entry.mode === '120000') throw new ToolError('symlink', 'There is a symbolic link at this path, not a file.');
      if (entry.type !== 'blob' || entry.bytes === undefined) {
        throw new ToolError('not_a_file', 'There is a directory or submodule at this path, not a file.');
      }
      if (entry.bytes > MAX_FILE_BYTES) {
        throw new ToolError('file_too_large', `The file has ${entry.bytes} bytes; at most ${MAX_FILE_BYTES} are read.`);
      }
      const content = await readBlob(repository, entry.object, MAX_FILE_BYTES, signal);
      return { repository: repository.name, commit, path, bytes: content.byteLength, text: textOrRefusal(content) };
    },
  });

const unreachable = (): never => {
  throw new Error('Every listed commit was read.');
};
