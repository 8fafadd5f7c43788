// S3.1: countersign.config.ts sets what the environment would; the environment wins, and all faults come at once.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/platform/config.ts';
import { ConfigError } from '../../src/platform/config-error.ts';
import { environmentSchema } from '../../src/platform/environment/environment-schema.ts';
import { readProjectFile } from '../../src/platform/project-file.ts';
import { defineConfig } from '../../src/platform/project-keys.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let projects = 0;
const project = (source: string) => {
  const own = join(directory, String(++projects));
  mkdirSync(join(own, 'within', 'it'), { recursive: true });
  writeFileSync(join(own, 'countersign.config.ts'), source);
  return { own, file: readProjectFile(environmentSchema, join(own, 'within', 'it')) };
};

const faultsOf = (source: string, environment: Record<string, string> = {}): readonly string[] => {
  const { own, file } = project(source);
  try {
    loadConfig(environment, file);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map((fault) => fault.replaceAll(`${own}/`, ''));
    throw error;
  }
};

test('S3.1 a project sets what the environment would, with paths of its own and real lists and numbers', () => {
  const config = defineConfig({
    agents: ['agents/refunds.ts', 'agents/notes.yaml'],
    policyFile: 'policy.yaml',
    apiPort: 4000,
    rateLimits: { reads: 10 },
    allowedOrigins: ['https://app.example'],
    logLevel: 'warn',
    temporalNamespace: 'agents',
  });
  const { own, file } = project(`export default ${JSON.stringify(config)};`);
  expect(loadConfig({}, file)).toMatchObject({
    agentModules: [join(own, 'agents/refunds.ts'), join(own, 'agents/notes.yaml')],
    policyFile: join(own, 'policy.yaml'),
    api: { port: 4000, isPortNamed: true, rates: { reads: 10 }, allowedOrigins: ['https://app.example'] },
    logLevel: 'warn',
    temporal: { namespace: 'agents' },
  });
});

test('S3.1 the environment wins over the file, but for what it leaves empty', () => {
  const { file } = project(`export default { agents: 'a.ts', apiPort: 4000, logLevel: 'warn' };`);
  expect(loadConfig({ COUNTERSIGN_API_PORT: '5000', COUNTERSIGN_LOG_LEVEL: '' }, file)).toMatchObject({
    api: { port: 5000 },
    logLevel: 'warn',
  });
});

test('S3.1 all faults of file and environment are named at once, without the values', () => {
  const source = `export default {
    agents: ['a.ts'], colour: 'red', apiPort: 70000, openaiApiKey: 'sk-hunter2', logLevel: true, model: 'gpt',
    databaseUrl: 'postgres://root:hunter2@db/x' };`;
  const faults = faultsOf(source, { TEMPORAL_ADDRESS: 'http://temporal' });
  expect(faults).toEqual([
    'countersign.config.ts: there is no key colour',
    'countersign.config.ts: openaiApiKey is a secret, and this file is not: set OPENAI_API_KEY',
    'countersign.config.ts: logLevel must be a text, a number, a list or pairs of name and number',
    'countersign.config.ts: databaseUrl is a secret, and this file is not: set DATABASE_URL',
    'TEMPORAL_ADDRESS must be host:port',
    'countersign.config.ts: apiPort must be a port number',
    'countersign.config.ts: model must be provider/model, for example openai/gpt-5',
  ]);
});

test.each([
  ['no default export', 'export const config = {};', 'must have `export default defineConfig'],
  ['that throws', 'throw new Error("broken");', 'cannot be loaded: broken'],
  ['that is no TypeScript', 'export default {', 'cannot be loaded: '],
  ['without agents', 'export default {};', 'agents is needed'],
])('S3.1 a file with %s is refused', (_name, source, fault) => {
  expect(faultsOf(source).join('\n')).toContain(`countersign.config.ts: ${fault}`);
});

test('S3.1 defineConfig knows the keys and their types', () => {
  // @ts-expect-error a key that there is not
  defineConfig({ colour: 'red' });
  // @ts-expect-error a secret
  defineConfig({ openaiApiKey: 'x' });
  // @ts-expect-error not a number
  defineConfig({ apiPort: 'x' });
  expect(defineConfig({ apiPort: 1 })).toEqual({ apiPort: 1 });
});
