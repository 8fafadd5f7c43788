import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { workflowBundle } from '../../src/worker/bundle.ts';

/** Modules of ours and packages, as webpack names them in the bundle. */
const modulesIn = (code: string): Set<string> =>
  new Set([...code.matchAll(/^\/\*\*\*\/ "\.\/(?<path>[^"]+)"/gm)].map((match) => match.groups?.['path'] ?? ''));

test('nothing but pure modules is in the workflow bundle', async () => {
  const { codePath } = await workflowBundle();
  const modules = [...modulesIn(await readFile(codePath, 'utf8'))];
  const ours = modules.filter((path) => path.startsWith('src/'));
  expect(ours).toContain('src/domain/core/decide.ts');
  expect(ours.filter((path) => !/^src\/(domain\/core|workflows)\//.test(path))).toEqual([]);
  const packages = modules
    .filter((path) => path.includes('node_modules/'))
    .map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  const allowed = ['@noble/curves', '@noble/hashes', '@temporalio/common', '@temporalio/workflow'];
  const others = [...new Set(packages)].filter((name) => name && !allowed.includes(name));
  // What Temporal's own workflow library brings along, and nothing else.
  expect(others.filter((name) => !['long', 'ms', 'nexus-rpc'].includes(name ?? ''))).toEqual([]);
});
