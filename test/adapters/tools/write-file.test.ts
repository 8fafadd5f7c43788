import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeFileTool } from '../../../src/adapters/tools/write-file.ts';
import { openWorkspace } from '../../../src/adapters/workspace/workspace.ts';
import type { Workspace } from '../../../src/adapters/workspace/workspace.ts';
import { sha256Hex } from '../../../src/domain/core/digest.ts';
import { callTool, refusalOf } from './call-tool.ts';

const runId = `run_${'a'.repeat(26)}`;
let root: string;
let workspace: Workspace;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-write-'));
  workspace = await openWorkspace({ root, scope: { tenant: 't', project: 'p' }, runId });
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('writes into the workspace of the run and gives a receipt', async () => {
  const result = await callTool(writeFileTool(), { path: 'docs/é.md', content: 'Grüße\n' }, { workspace });
  expect(result).toEqual({ path: 'docs/é.md', bytes: 8, sha256: sha256Hex('Grüße\n') });
  expect(await readFile(join(root, 't', 'p', runId, 'docs', 'é.md'), 'utf8')).toBe('Grüße\n');
});

test('a path that leads out is told to the model, and nothing is written', async () => {
  for (const path of ['../x', '/etc/x', 'a/../../x']) {
    expect(await refusalOf(callTool(writeFileTool(), { path, content: 'x' }, { workspace }))).toBe('outside');
  }
  expect(await workspace.list()).toEqual([]);
});

test('a call that was cancelled before it began writes nothing', async () => {
  const signal = AbortSignal.abort(new Error('cancelled'));
  await expect(callTool(writeFileTool(), { path: 'a', content: 'x' }, { workspace, signal })).rejects.toThrow(
    'cancelled',
  );
  expect(await workspace.list()).toEqual([]);
});
