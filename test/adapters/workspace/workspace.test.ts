import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkspaceError, openWorkspace } from '../../../src/adapters/workspace/workspace.ts';
import type { Workspace } from '../../../src/adapters/workspace/workspace.ts';
import { sha256Hex } from '../../../src/domain/core/digest.ts';

const scope = { tenant: 'acme', project: 'shop' };
const runId = `run_${'a'.repeat(26)}`;
const secret = 'canary: keys of the machine';
const bytes = (text: string): Buffer => Buffer.from(text);

let base: string;
let root: string;
let directory: string;
let workspace: Workspace;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'countersign-workspace-')));
  root = join(base, 'workspaces');
  directory = join(root, 'acme', 'shop', runId);
  workspace = await openWorkspace({ root, scope, runId });
  await writeFile(join(base, 'secret.txt'), secret);
  await mkdir(join(base, 'elsewhere'));
});

afterEach(() => rm(base, { recursive: true, force: true }));

const problemOf = async (action: Promise<unknown>): Promise<string> => {
  const error: unknown = await action.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WorkspaceError);
  expect((error as WorkspaceError).message).not.toContain(base);
  return (error as WorkspaceError).code;
};

test('what was written is read, listed and receipted', async () => {
  const receipt = await workspace.write('docs/notes/RELEASE.md', bytes('# 1.0\n'));
  expect(receipt).toEqual({ path: 'docs/notes/RELEASE.md', bytes: 6, sha256: sha256Hex('# 1.0\n') });
  await workspace.write('a.txt', bytes('a'));
  expect((await workspace.read('docs/notes/RELEASE.md')).toString()).toBe('# 1.0\n');
  expect(await workspace.receipt('docs/notes/RELEASE.md')).toEqual({ ok: true, receipt });
  expect(await workspace.list()).toEqual(['a.txt', 'docs/notes/RELEASE.md']);
});

test('a file is replaced as a whole, and nothing half-written stays', async () => {
  await workspace.write('a.txt', bytes('a long first version'));
  await workspace.write('a.txt', bytes('second'));
  expect((await workspace.read('a.txt')).toString()).toBe('second');
  expect(await readdir(directory)).toEqual(['a.txt']);
});

test('directories and files are for their owner only', async () => {
  await workspace.write('sub/a.txt', bytes('a'));
  const modeOf = async (...path: string[]) => ((await stat(join(directory, ...path))).mode & 0o777).toString(8);
  expect(await Promise.all([modeOf(), modeOf('sub'), modeOf('sub', 'a.txt')])).toEqual(['700', '700', '600']);
});

test('runs do not see each other, and an unsafe name opens nothing', async () => {
  await workspace.write('a.txt', bytes('a'));
  const other = await openWorkspace({ root, scope, runId: `run_${'b'.repeat(26)}` });
  expect(await other.list()).toEqual([]);
  await expect(openWorkspace({ root, scope: { tenant: '..', project: 'shop' }, runId })).rejects.toThrow();
  await expect(openWorkspace({ root, scope, runId: '../x' })).rejects.toThrow();
});

test.each([
  '',
  '/etc/passwd',
  '..',
  '../x',
  'a/../../x',
  'a/..',
  './a',
  'a//b',
  'a/',
  'a\0b',
  'a\nb',
  'a\\..\\b',
  'x'.repeat(256),
  'x/'.repeat(260) + 'x',
  '\ud800',
  '.countersign-half',
])('the path %j is refused for reading and writing', async (path) => {
  expect(await problemOf(workspace.write(path, bytes('x')))).toBe('outside');
  expect(await problemOf(workspace.read(path))).toBe('outside');
  expect(await workspace.receipt(path)).toEqual({ ok: false, problem: 'outside' });
  expect(await workspace.list()).toEqual([]);
});

describe('links and other things that are no files', () => {
  const refuses = async (path: string, problem: string): Promise<void> => {
    expect(await problemOf(workspace.read(path))).toBe(problem);
    expect(await workspace.receipt(path)).toEqual({ ok: false, problem });
    expect(await problemOf(workspace.write(path, bytes('overwritten')))).toBe(problem);
    expect(await readFile(join(base, 'secret.txt'), 'utf8')).toBe(secret);
    expect(await readdir(join(base, 'elsewhere'))).toEqual([]);
  };

  test('a symbolic link to a file', async () => {
    await symlink(join(base, 'secret.txt'), join(directory, 'link'));
    await refuses('link', 'symlink');
  });

  test('a dangling symbolic link', async () => {
    await symlink(join(base, 'elsewhere', 'new'), join(directory, 'link'));
    await refuses('link', 'symlink');
  });

  test('a symbolic link as a directory of the path', async () => {
    await symlink(join(base, 'elsewhere'), join(directory, 'link'));
    await refuses('link/a.txt', 'symlink');
  });

  test('a symbolic link inside the workspace', async () => {
    await workspace.write('real.txt', bytes('x'));
    await symlink('real.txt', join(directory, 'link'));
    await refuses('link', 'symlink');
  });

  test('a hard link, whose other name may be anywhere', async () => {
    await link(join(base, 'secret.txt'), join(directory, 'hard'));
    expect(await problemOf(workspace.read('hard'))).toBe('not_a_regular_file');
    expect(await workspace.receipt('hard')).toEqual({ ok: false, problem: 'not_a_regular_file' });
    // Writing makes a new file under the name; the other name keeps its content.
    await workspace.write('hard', bytes('new'));
    expect(await readFile(join(base, 'secret.txt'), 'utf8')).toBe(secret);
  });

  test('a FIFO does not hang anyone', async () => {
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    await refuses('fifo', 'not_a_regular_file');
  });

  test('a directory, and a file where a directory should be', async () => {
    await workspace.write('dir/a.txt', bytes('x'));
    expect(await problemOf(workspace.read('dir'))).toBe('not_a_regular_file');
    expect(await problemOf(workspace.write('dir', bytes('x')))).toBe('not_a_regular_file');
    expect(await problemOf(workspace.write('dir/a.txt/b', bytes('x')))).toBe('not_a_regular_file');
  });

  test('they are not listed', async () => {
    await symlink(join(base, 'elsewhere'), join(directory, 'link'));
    await symlink(join(base, 'secret.txt'), join(directory, 'file-link'));
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    await workspace.write('a.txt', bytes('x'));
    expect(await workspace.list()).toEqual(['a.txt']);
  });

  test("the run's own directory, or its parents, replaced by a link", async () => {
    await rm(join(root, 'acme'), { recursive: true });
    await symlink(join(base, 'elsewhere'), join(root, 'acme'));
    await refuses('a.txt', 'symlink');
    await expect(openWorkspace({ root, scope, runId })).rejects.toThrow();
  });
});

test('while a directory is swapped for a link again and again, nothing is read or written outside', async () => {
  await mkdir(join(directory, 'sub'));
  await writeFile(join(directory, 'sub', 'a.txt'), 'inside');
  await writeFile(join(base, 'elsewhere', 'a.txt'), secret);
  const script = `
    const { renameSync, symlinkSync } = require('node:fs');
    const [sub, away, link, target] = process.argv.slice(1);
    process.stdout.write('ready');
    for (;;) {
      renameSync(sub, away); symlinkSync(target, sub);
      renameSync(sub, link); renameSync(away, sub);
      require('node:fs').unlinkSync(link);
    }`;
  const { spawn } = await import('node:child_process');
  const swapper = spawn(process.execPath, [
    '-e',
    script,
    join(directory, 'sub'),
    join(directory, 'away'),
    join(directory, 'link'),
    join(base, 'elsewhere'),
  ]);
  try {
    await new Promise((resolve) => swapper.stdout.once('data', resolve));
    const seen = new Set<string>();
    for (let round = 0; round < 400; round++) {
      seen.add(
        await workspace.read('sub/a.txt').then(
          (content) => content.toString(),
          (error: unknown) => (error instanceof WorkspaceError ? error.code : String(error)),
        ),
      );
    }
    expect(seen).not.toContain(secret);
    expect(
      [...seen].filter((outcome) => !['inside', 'missing', 'symlink', 'not_a_regular_file'].includes(outcome)),
    ).toEqual([]);
    expect(seen).toContain('inside');
  } finally {
    swapper.kill('SIGKILL');
  }
});

test('missing and empty files have no receipt', async () => {
  await workspace.write('empty', bytes(''));
  expect(await workspace.receipt('empty')).toEqual({ ok: false, problem: 'empty' });
  expect(await workspace.receipt('none')).toEqual({ ok: false, problem: 'missing' });
  expect(await workspace.receipt('none/none')).toEqual({ ok: false, problem: 'missing' });
  expect(await problemOf(workspace.write('big', Buffer.alloc(17 * 1024 * 1024)))).toBe('too_large');
});

test('a root in, at or around the directory with keys is refused, by real path', async () => {
  const state = join(base, 'state');
  await mkdir(join(state, 'inner'), { recursive: true });
  await symlink(join(state, 'inner'), join(base, 'innocent'));
  const opening = (at: string, forbidden: string) => openWorkspace({ root: at, scope, runId, forbidden: [forbidden] });
  await expect(opening(state, state)).rejects.toThrow(WorkspaceError);
  await expect(opening(join(state, 'inner'), state)).rejects.toThrow(WorkspaceError);
  await expect(opening(join(base, 'innocent'), state)).rejects.toThrow(WorkspaceError);
  await expect(opening(root, join(directory, 'keys'))).rejects.toThrow(WorkspaceError);
  await expect(opening(root, state)).resolves.toBeDefined();
  // A directory whose name only begins like it is another one.
  await expect(opening(join(base, 'state-of-affairs'), state)).resolves.toBeDefined();
});
