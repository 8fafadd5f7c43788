import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listWorkspaceFilesTool } from '../../../src/adapters/tools/files/list-files.ts';
import { readWorkspaceFileTool } from '../../../src/adapters/tools/files/read-file.ts';
import { searchWorkspaceFilesTool } from '../../../src/adapters/tools/files/search-files.ts';
import { openWorkspace } from '../../../src/adapters/workspace/workspace.ts';
import type { Workspace } from '../../../src/adapters/workspace/workspace.ts';
import { callTool, refusalOf } from './call-tool.ts';

const runId = `run_${'a'.repeat(26)}`;
const [read, list, search] = [readWorkspaceFileTool(), listWorkspaceFilesTool(), searchWorkspaceFilesTool()];
let root: string;
let workspace: Workspace;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-files-'));
  workspace = await openWorkspace({ root, scope: { tenant: 't', project: 'p' }, runId });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const given = async (files: Readonly<Record<string, string | Buffer>>): Promise<void> => {
  for (const [path, content] of Object.entries(files)) await workspace.write(path, Buffer.from(content));
};
const inside = (...path: string[]): string => join(root, 't', 'p', runId, ...path);

describe('reading', () => {
  test('gives a file in parts, each saying where it is', async () => {
    await given({ 'a.txt': 'one\ntwo\nthree' });
    expect(await callTool(read, { path: 'a.txt' }, { workspace })).toEqual({
      path: 'a.txt',
      bytes: 13,
      totalLines: 3,
      fromLine: 1,
      lines: 3,
      text: 'one\ntwo\nthree',
      truncated: false,
    });
    const part = await callTool(read, { path: 'a.txt', fromLine: 2, lines: 1 }, { workspace });
    expect(part).toMatchObject({ fromLine: 2, lines: 1, text: 'two', truncated: true });
    expect(await callTool(read, { path: 'a.txt', fromLine: 9 }, { workspace })).toMatchObject({ lines: 0, text: '' });
  });

  test('a result is bounded, and even one endless line can be looked at', async () => {
    await given({ 'long.txt': `${'x'.repeat(400_000)}\nend`, 'many.txt': `${'y'.repeat(999)}\n`.repeat(1_000) });
    const long = await callTool(read, { path: 'long.txt' }, { workspace });
    expect(long).toMatchObject({ lines: 1, truncated: true });
    expect((long as { text: string }).text).toHaveLength(256 * 1024);
    expect(await callTool(read, { path: 'many.txt' }, { workspace })).toMatchObject({ lines: 262, truncated: true });
  });

  test.each([
    ['../../../etc/passwd', 'outside'],
    ['/etc/passwd', 'outside'],
    ['missing.txt', 'missing'],
    ['link.txt', 'symlink'],
    ['binary.bin', 'binary_file'],
  ])('%s is refused as %s', async (path, code) => {
    await given({ 'binary.bin': Buffer.from([1, 0, 2]) });
    await writeFile(join(root, 'secret.txt'), 'outside');
    await symlink(join(root, 'secret.txt'), inside('link.txt'));
    expect(await refusalOf(callTool(read, { path }, { workspace }))).toBe(code);
  });
});

describe('listing', () => {
  test('gives the paths that fit, sorted, and says when there are more', async () => {
    await given({ 'b.md': '', 'a/c.md': 'x', 'a/d.txt': 'x' });
    await symlink('/etc/passwd', inside('link.md'));
    expect(await callTool(list, {}, { workspace })).toEqual({ files: ['a/c.md', 'a/d.txt', 'b.md'], truncated: false });
    expect(await callTool(list, { match: '*.md', limit: 1 }, { workspace })).toEqual({
      files: ['a/c.md'],
      truncated: true,
    });
  });

  test('leaves out names that no path may have', async () => {
    await given({ 'good.txt': 'x' });
    await writeFile(inside('bad\u001B[31m.txt'), 'x');
    expect(await callTool(list, {}, { workspace })).toMatchObject({ files: ['good.txt'] });
  });
});

describe('searching', () => {
  test('finds a text, or a regular expression, by file and line', async () => {
    await given({ 'a.md': 'Alpha\nbeta (x)\n', 'b.md': 'ALPHA', 'c.bin': Buffer.from([0, 65]) });
    const found = { path: 'a.md', line: 2, text: 'beta (x)' };
    expect(await callTool(search, { pattern: '(x)' }, { workspace })).toEqual({
      matches: [found],
      filesSearched: 2,
      truncated: false,
    });
    expect(await callTool(search, { pattern: '^b.t', regex: true }, { workspace })).toMatchObject({ matches: [found] });
    const both = { pattern: 'alpha', ignoreCase: true, match: '*.md' };
    expect(await callTool(search, both, { workspace })).toMatchObject({ matches: [{ line: 1 }, { line: 1 }] });
    expect(await callTool(search, { ...both, limit: 1 }, { workspace })).toMatchObject({ truncated: true });
    expect(await refusalOf(callTool(search, { pattern: '(', regex: true }, { workspace }))).toBe('invalid_pattern');
  });

  test('a pattern that makes backtracking engines hang is answered at once', async () => {
    await given({ 'evil.txt': `${'a'.repeat(50_000)}!` });
    const startedAt = performance.now();
    await callTool(search, { pattern: '(a+)+$', regex: true }, { workspace });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test('a cancel reaches a search under way', async () => {
    await given({ 'big.txt': 'a line of text\n'.repeat(200_000) });
    const controller = new AbortController();
    const searching = callTool(search, { pattern: 'nowhere' }, { workspace, signal: controller.signal });
    controller.abort(new Error('cancelled'));
    await expect(searching).rejects.toThrow('cancelled');
  });
});

test('file tools say what they are: they change nothing and reach nothing else', () => {
  for (const tool of [read, list, search]) {
    expect(tool).toMatchObject({ effect: 'none', annotations: { readOnlyHint: true, openWorldHint: false } });
  }
  expect(readWorkspaceFileTool({ name: 'read_workspace_file' }).name).toBe('read_workspace_file');
});
