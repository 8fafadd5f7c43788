import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gitLogTool, readFileTool } from '../../../src/adapters/tools/git/git-tools.ts';
import { callTool, refusalOf } from './call-tool.ts';
import { createRepository } from './git-repository.ts';
import type { TestRepository } from './git-repository.ts';

let base: string;
let root: string;
let repository: TestRepository;
let commits: string[];

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'countersign-git-')));
  root = join(base, 'repositories');
  repository = createRepository(join(root, 'shop'));
  repository.write('README.md', '# Shop\n');
  repository.write('src/index.ts', 'export const a = 1;\n');
  commits = [repository.commit('feat: first\n\nWith a body.\n\nCloses #1')];
  repository.git('tag', '-a', 'v1.0', '-m', 'first release');
  repository.write('src/index.ts', 'export const a = 2;\n');
  repository.write('bin.dat', Buffer.from([0, 1, 2]));
  repository.write('latin.txt', Buffer.from([0x66, 0xfc, 0x72]));
  repository.write('big.txt', 'x'.repeat(300 * 1024));
  repository.write('a file with spaces & ünïcode.txt', 'yes');
  await symlink('/etc/passwd', join(repository.path, 'link'));
  await symlink('src', join(repository.path, 'linked-directory'));
  commits.push(repository.commit('fix: second'));
  repository.git('tag', 'light');
  commits.push(repository.commit('chore: \u0007empty\u001b[31m'));
});

afterAll(() => rm(base, { recursive: true, force: true }));

const options = () => ({ repository: repository.path, repositoriesRoot: root });
const log = (args: Record<string, string | number> = {}) => callTool(gitLogTool(options()), args);
const read = (args: Record<string, string>) => callTool(readFileTool(options()), args);

describe('git_log', () => {
  test('lists commits with author, date, message, tags and files, newest first', async () => {
    expect(await log()).toMatchObject({
      repository: 'shop',
      commit: commits[2],
      since: null,
      truncated: false,
      commits: [
        { commit: commits[2], subject: 'chore: \uFFFDempty\uFFFD[31m', files: [], filesChanged: 0 },
        { commit: commits[1], subject: 'fix: second', tags: ['light'], filesChanged: 7 },
        {
          commit: commits[0],
          author: 'Ada Lovelace',
          authoredAt: '2024-03-01T12:00:00.000Z',
          subject: 'feat: first',
          body: 'With a body.\n\nCloses #1',
          isMerge: false,
          tags: ['v1.0'],
          files: ['README.md', 'src/index.ts'],
          filesChanged: 2,
        },
      ],
    });
  });

  test('tells no email addresses', async () => {
    expect(JSON.stringify(await log())).not.toContain('example.org');
  });

  test('leaves out what a tag already has, and says when there is more', async () => {
    const subjects = (result: unknown) =>
      (result as { commits: { subject: string }[] }).commits.map(({ subject }) => subject.slice(0, 5));
    expect(subjects(await log({ since: 'v1.0' }))).toEqual(['chore', 'fix: ']);
    const cut = await log({ limit: 1, revision: 'HEAD~1' });
    expect(cut).toMatchObject({ commit: commits[1], truncated: true });
    expect(subjects(cut)).toEqual(['fix: ']);
    expect(subjects(await log({ since: 'HEAD' }))).toEqual([]);
  });

  test('a merge is named as one', async () => {
    const other = createRepository(join(root, 'merged'));
    other.commit('one');
    other.git('checkout', '--quiet', '-b', 'side');
    other.write('a', 'a');
    other.commit('two');
    other.git('checkout', '--quiet', 'main');
    other.git('merge', '--quiet', '--no-ff', '--message', 'merge it', 'side');
    expect(await log({ repository: 'merged' })).toMatchObject({
      repository: 'merged',
      commits: [{ isMerge: true, files: [] }, { isMerge: false, files: ['a'] }, {}],
    });
  });

  test.each([
    '--output=x',
    '-n1',
    'HEAD..main',
    'HEAD@{1}',
    ':/second',
    ':README.md',
    'HEAD:README.md',
    'main^{/fix}',
    'a b',
    '',
    'x'.repeat(201),
  ])('the revision %j is refused before git sees it', async (revision) => {
    expect(await refusalOf(log({ revision }))).toBe('invalid_arguments');
    expect(await refusalOf(log({ since: revision }))).toBe('invalid_arguments');
  });

  test("limits and unknown arguments are the schema's to refuse", async () => {
    expect(await refusalOf(log({ limit: 201 }))).toBe('invalid_arguments');
    expect(await refusalOf(log({ limit: 0 }))).toBe('invalid_arguments');
    expect(await refusalOf(log({ all: 1 }))).toBe('invalid_arguments');
  });

  test('a revision that is none, and a tree that is no commit', async () => {
    expect(await refusalOf(log({ revision: 'nowhere' }))).toBe('revision_not_found');
    expect(await refusalOf(log({ revision: repository.git('rev-parse', 'HEAD:src') }))).toBe('revision_not_found');
    expect(await refusalOf(log({ since: 'nowhere' }))).toBe('revision_not_found');
  });
});

describe('read_file', () => {
  test('reads a file as committed at a commit, whatever the working tree has', async () => {
    await writeFile(join(repository.path, 'src/index.ts'), 'uncommitted canary');
    repository.git('add', '--all');
    await writeFile(join(repository.path, 'new.txt'), 'untracked canary');
    expect(await read({ path: 'src/index.ts' })).toEqual({
      repository: 'shop',
      commit: commits[2],
      path: 'src/index.ts',
      bytes: 20,
      text: 'export const a = 2;\n',
    });
    expect(await read({ path: 'src/index.ts', revision: 'v1.0' })).toMatchObject({ text: 'export const a = 1;\n' });
    expect(await refusalOf(read({ path: 'new.txt' }))).toBe('file_not_found');
    repository.git('reset', '--quiet', '--hard');
  });

  test('a name with spaces and other letters is one path, never a pattern', async () => {
    expect(await read({ path: 'a file with spaces & ünïcode.txt' })).toMatchObject({ text: 'yes' });
    expect(await refusalOf(read({ path: '*.md' }))).toBe('file_not_found');
    expect(await refusalOf(read({ path: ':(glob)*.md' }))).toBe('file_not_found');
    expect(await refusalOf(read({ path: ':/README.md' }))).toBe('file_not_found');
  });

  test.each([
    ['link', 'symlink'],
    ['linked-directory', 'symlink'],
    ['linked-directory/index.ts', 'file_not_found'],
    ['src', 'not_a_file'],
    ['none.txt', 'file_not_found'],
    ['bin.dat', 'binary_file'],
    ['latin.txt', 'binary_file'],
    ['big.txt', 'file_too_large'],
    ['../shop/README.md', 'invalid_path'],
    ['/etc/passwd', 'invalid_path'],
    ['src/', 'invalid_path'],
    ['.git/config', 'file_not_found'],
  ])('%s is refused as %s', async (path, code) => {
    expect(await refusalOf(read({ path }))).toBe(code);
  });
});

describe('which repository', () => {
  test('others are named under the root, by name only', async () => {
    createRepository(join(root, 'other')).commit('elsewhere');
    expect(await log({ repository: 'other' })).toMatchObject({
      repository: 'other',
      commits: [{ subject: 'elsewhere' }],
    });
    for (const name of ['../shop', 'a/b', '.', '..', '.git', '/etc', 'shop/', '-x', '']) {
      expect(await refusalOf(log({ repository: name })), name).toBe('invalid_arguments');
    }
    expect(await refusalOf(log({ repository: 'none' }))).toBe('repository_not_found');
    await mkdir(join(root, 'empty'));
    expect(await refusalOf(log({ repository: 'empty' }))).toBe('repository_not_found');
  });

  test('without a root none may be named', async () => {
    const tool = gitLogTool({ repository: repository.path });
    expect(await callTool(tool, {})).toMatchObject({ repository: 'shop' });
    expect(await refusalOf(callTool(tool, { repository: 'shop' }))).toBe('repository_not_allowed');
  });

  test('bare repositories and worktrees are read', async () => {
    repository.git('clone', '--quiet', '--bare', repository.path, join(root, 'bare.git'));
    expect(await log({ repository: 'bare.git' })).toMatchObject({ commit: commits[2] });
    repository.git('worktree', 'add', '--quiet', join(root, 'worktree'), 'v1.0');
    expect(await log({ repository: 'worktree' })).toMatchObject({ repository: 'worktree', commit: commits[0] });
    expect(await callTool(gitLogTool({ repository: join(root, 'worktree') }), {})).toMatchObject({
      commit: commits[0],
    });
    await mkdir(join(base, 'other-root'));
    repository.git('worktree', 'add', '--quiet', join(base, 'other-root', 'worktree'), 'v1.0');
    const outside = gitLogTool({ repository: repository.path, repositoriesRoot: join(base, 'other-root') });
    expect(await refusalOf(callTool(outside, { repository: 'worktree' }))).toBe('repository_not_allowed');
  });

  test('what leads to another repository is refused: links, .git files, common directories, alternates', async () => {
    const secret = createRepository(join(base, 'secret'));
    const commit = secret.commit('secret canary');
    const secretGit = join(secret.path, '.git');
    const make = async (name: string, spoil: (directory: string) => Promise<void>): Promise<void> => {
      const made = createRepository(join(root, name));
      made.commit('innocent');
      await spoil(made.path);
      expect(await refusalOf(log({ repository: name, revision: commit })), name).toBe('repository_not_allowed');
      const asDefault = gitLogTool({ repository: made.path });
      expect(await refusalOf(callTool(asDefault, { revision: commit })), name).toBe('repository_not_allowed');
    };
    const replaceGit = async (directory: string): Promise<void> => {
      await rm(join(directory, '.git'), { recursive: true });
    };
    await make('git-link', async (directory) => {
      await replaceGit(directory);
      await symlink(secretGit, join(directory, '.git'));
    });
    await make('git-file', async (directory) => {
      await replaceGit(directory);
      await writeFile(join(directory, '.git'), `gitdir: ${secretGit}\n`);
    });
    // As a worktree's would look, but what it names does not point back.
    secret.git('worktree', 'add', '--quiet', join(base, 'secret-worktree'));
    await make('git-file-worktree', async (directory) => {
      await replaceGit(directory);
      await writeFile(join(directory, '.git'), `gitdir: ${secretGit}/worktrees/secret-worktree\n`);
    });
    await make('common', (directory) => writeFile(join(directory, '.git', 'commondir'), `${secretGit}\n`));
    await make('alternates', (directory) =>
      writeFile(join(directory, '.git', 'objects', 'info', 'alternates'), `${secretGit}/objects\n`),
    );
    await make('quoted-alternates', (directory) =>
      writeFile(join(directory, '.git', 'objects', 'info', 'alternates'), `"${secretGit}/objects"\n`),
    );
    await make('objects-link', async (directory) => {
      await rm(join(directory, '.git', 'objects'), { recursive: true });
      await symlink(join(secretGit, 'objects'), join(directory, '.git', 'objects'));
    });
    await make('pack-link', async (directory) => {
      await rm(join(directory, '.git', 'objects', 'pack'), { recursive: true });
      await symlink(join(secretGit, 'objects', 'pack'), join(directory, '.git', 'objects', 'pack'));
    });
    await symlink(secret.path, join(root, 'outside-link'));
    expect(await refusalOf(log({ repository: 'outside-link' }))).toBe('repository_not_allowed');
  });

  test('objects may be borrowed from a neighbour under the root', async () => {
    repository.git('clone', '--quiet', '--shared', repository.path, join(root, 'shared'));
    expect(await log({ repository: 'shared' })).toMatchObject({ commit: commits[2] });
  });

  test('the directory with keys is refused, by real path', async () => {
    const state = createRepository(join(base, 'state', 'inner')).path;
    await symlink(state, join(base, 'innocent'));
    for (const path of [state, join(base, 'innocent')]) {
      const tool = gitLogTool({ repository: path, forbidden: [join(base, 'state')] });
      expect(await refusalOf(callTool(tool, {}))).toBe('repository_not_allowed');
    }
  });
});

test('an aborted call ends git and throws the reason', async () => {
  execFileSync('mkfifo', [join(base, 'fifo')]);
  const stuck = createRepository(join(base, 'stuck'));
  stuck.commit('one');
  // Git waits for ever for its configuration.
  await writeFile(join(stuck.path, '.git', 'config'), `[include]\n\tpath = ${join(base, 'fifo')}\n`, { flag: 'a' });
  const controller = new AbortController();
  const call = callTool(gitLogTool({ repository: stuck.path }), {}, { signal: controller.signal });
  const started = await running(join(stuck.path, '.git'));
  controller.abort(new Error('cancelled'));
  await expect(call).rejects.toThrow('cancelled');
  await expect.poll(() => isAlive(started)).toBe(false);
});

/** The id of the git process that reads this directory. */
async function running(gitDirectory: string): Promise<number> {
  let found: string | undefined;
  await expect
    .poll(() => {
      const processes = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
      found = processes.split('\n').find((line) => line.includes(`--git-dir=${gitDirectory}`));
      return found;
    })
    .toBeDefined();
  return Number(found?.trim().split(' ')[0]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
