import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadAgentModules } from '../../../src/adapters/agents/load-agents.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'countersign-agents-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const options = { repository: '/nowhere' };
let modules = 0;
const moduleOf = async (source: string): Promise<string> => {
  const path = join(directory, `agent-${++modules}.mjs`);
  await writeFile(path, source);
  return path;
};
const agent = (fields: string): string =>
  `({ name: 'a', model: 'scripted/a', instructions: '', tools: [], policy: [], scripts: {}, ${fields} })`;

test('loads the example, with the model it is given or its own script', async () => {
  const path = 'examples/release-notes/agent.ts';
  const [scripted] = await loadAgentModules([path], options);
  expect(scripted).toMatchObject({ path, source: { name: 'release-notes', model: 'scripted/release-notes' } });
  expect(scripted?.source.scripts['release-notes']).toBeDefined();
  const [real] = await loadAgentModules([path], { ...options, model: 'openai/gpt-5.1' });
  expect(real?.source.model).toBe('openai/gpt-5.1');
});

test.each([
  ['no module', undefined, 'cannot be imported'],
  ['a module with a fault of its own', 'throw new Error("broken")', 'cannot be imported: broken'],
  ['no export', 'export const other = 1', ': agents: must be a function'],
  ['a function that throws', 'export const agents = () => { throw new Error("no key") }', ': agents: no key'],
  ['no list', 'export const agents = () => 1', ': agents():'],
  ['an empty list', 'export const agents = () => []', 'at least one agent'],
  ['an agent without a model', `export const agents = () => [${agent('model: undefined')}]`, 'agents()[0].model'],
  [
    'a tool that is none',
    `export const agents = () => [${agent('tools: [{ name: "t" }]')}]`,
    'agents()[0].tools[0].input',
  ],
  ['a bad name', `export const agents = () => [${agent("name: 'A B'")}]`, 'agents.A B.name'],
])('%s is refused with the path to the fault', async (_name, source, fault) => {
  const path = source === undefined ? join(directory, 'none.mjs') : await moduleOf(source);
  const loading = loadAgentModules([path], options);
  await expect(loading).rejects.toThrow(fault);
  await expect(loading).rejects.toThrow(path);
});

test('two agents of one name are refused, naming both modules', async () => {
  const source = `export const agents = () => [${agent('')}]`;
  const [first, second] = [await moduleOf(source), await moduleOf(source)];
  await expect(loadAgentModules([first, second], options)).rejects.toThrow(
    `${second}: the agent a is already defined by ${first}`,
  );
});
