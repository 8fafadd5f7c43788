/** The workflow bundle: built once for each content, then read from a cache. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORKFLOWS = join(ROOT, 'src/workflows/index.ts');
/** Evaluated once a worker, not once a workflow. */
const PRELOAD = join(ROOT, 'src/workflows/preload.ts');
const CACHE = join(ROOT, 'node_modules/.cache/countersign');
/** All that can be in the bundle, and how it is built. The lock file stands for the libraries in it. */
const SOURCES = ['src/workflows', 'src/domain', 'src/worker'];

const contentDigest = async (): Promise<string> => {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const entries = await readdir(join(ROOT, source), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.toSorted()) hash.update(file.slice(ROOT.length)).update(await readFile(file));
  }
  return hash
    .update(await readFile(join(ROOT, 'package-lock.json')))
    .digest('hex')
    .slice(0, 32);
};

/** What the bundle holds, as a name: the same code has the same one, wherever and whenever it was built. */
export const bundleDigest = async ({ codePath }: { readonly codePath: string }): Promise<string> =>
  createHash('sha256')
    .update(await readFile(codePath))
    .digest('hex');

/** Path of the bundle of today's workflow code. About 3 s where it must be built. */
export const workflowBundle = async (): Promise<{ codePath: string }> => {
  const codePath = join(CACHE, `workflows-${await contentDigest()}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    preloadModules: [PRELOAD],
    // The bundler's own progress is of no interest to people who start a worker.
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  await mkdir(CACHE, { recursive: true });
  const draft = `${codePath}.${process.pid}`;
  await writeFile(draft, code);
  await rename(draft, codePath);
  return { codePath };
};
