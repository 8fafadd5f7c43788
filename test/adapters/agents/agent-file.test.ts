// S3.1: agents as YAML and JSON. Faults come all at once, each with file and line.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AGENT_SCHEMA_FILE, agentSchemaDocument } from '../../../src/adapters/agents/agent-schema-document.ts';
import { agentDefinition } from '../../../src/adapters/agents/define-agent.ts';
import { loadAgentModules } from '../../../src/adapters/agents/load-agents.ts';
import type { AgentModuleOptions } from '../../../src/adapters/agents/load-agents.ts';
import { DefinitionError } from '../../../src/adapters/tools/definition-error.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
/** Writes a file of that name into a directory of its own, beside the author's modules. */
const written = (name: string, text: string): string => {
  const own = join(directory, String(++files));
  mkdirSync(own);
  const countersign = new URL('../../../src/countersign.ts', import.meta.url).href;
  writeFileSync(
    join(own, 'tools.ts'),
    `import { asksFor, defineTool, scriptedModel, z } from '${countersign}';
     const tool = (name: string) => defineTool({ name, description: 'd', input: z.strictObject({}), execute: async () => null });
     export const refund = tool('refund');
     export const makesVoucher = () => tool('voucher');
     export const script = scriptedModel([asksFor('refund')]);
     export const number = 1;`,
  );
  writeFileSync(join(own, 'instructions.md'), 'Settle complaints.\n');
  const path = join(own, name);
  writeFileSync(path, text);
  return path;
};

const load = async (path: string, options: Partial<AgentModuleOptions> = {}) =>
  (await loadAgentModules([path], { repository: '/nowhere', ...options })).map(({ source }) => source);

const faultsOf = async (path: string): Promise<readonly string[]> => {
  const error: unknown = await load(path).catch((reason: unknown) => reason);
  if (!(error instanceof DefinitionError)) throw new Error('It has no fault.');
  return error.faults.map((fault) => fault.replaceAll(`${directory}/${files}/`, ''));
};

const yaml = `# What settles complaints.
name: refunds
description: Settles complaints
instructions: { file: instructions.md }
tools:
  - ask_user
  - module: ./tools.ts
    export: makesVoucher
  - module: ./tools.ts
policy:
  - { id: refund, match: refund, effect: ask, decideWithin: 8h }
limits: { maxTurns: 20 }
contract: { artifacts: [{ path: OUT.md }] }
script: { module: ./tools.ts, export: script }
`;

test('S3.1 a YAML file is an agent: instructions from a file, tools by reference, its own script', async () => {
  const [source] = await load(written('refunds.yaml', yaml));
  if (!source) throw new Error('no agent');
  expect(Object.keys(source.scripts)).toEqual(['refunds']);
  expect(agentDefinition(source, [])).toMatchObject({
    name: 'refunds',
    model: 'scripted/refunds',
    instructions: 'Settle complaints.\n',
    tools: [{ name: 'ask_user', source: 'countersign' }, { name: 'voucher' }, { name: 'refund' }],
    limits: { maxTurns: 20, maxPending: 20 },
    contract: { artifacts: [{ path: 'OUT.md', minBytes: 1 }] },
    policy: [{ name: 'agent', rules: [{ id: 'refund', decideWithinMs: 28_800_000 }] }],
  });
});

test("S3.1 a JSON file is one, too; the deployment's model comes before the script", async () => {
  const json = JSON.stringify({
    $schema: 'agent.schema.json',
    name: 'a',
    instructions: 'x',
    script: { module: './tools.ts', export: 'script' },
  });
  const [source] = await load(written('a.json', json), { model: 'openai/gpt-5.1' });
  expect(source).toMatchObject({ name: 'a', model: 'openai/gpt-5.1', tools: [] });
});

test('S3.1 B6 every built-in tool comes by its name, with options where it needs some', async () => {
  const tools = `name: a
instructions: x
model: openai/gpt-5.1
tools: [list_files, search_files, read_workspace_file, write_file, git_log, read_file, ask_user, block_run,
  {http_request: {name: read_api, origins: ['https://api.example'], timeoutMs: 5000}}, {run_command: {programs: [npm]}}]
`;
  const [source] = await load(written('a.yaml', tools));
  expect(source?.tools.map(({ name, effect }) => `${name} ${effect}`)).toEqual([
    ...['list_files none', 'search_files none', 'read_workspace_file none', 'write_file once', 'git_log none'],
    ...['read_file none', 'ask_user none', 'block_run none', 'read_api none', 'run_command once'],
  ]);
  expect(source?.tools.find(({ name }) => name === 'read_api')?.timeoutMs).toBe(5_000);
});

test('S3.1 a fault in the options of a tool is named at its own line', async () => {
  const bad = `name: a
model: openai/gpt-5.1
instructions: x
tools:
  - http_request:
      origins:
        - https://api.example/path
      colour: red
  - run_command: { shell: false }
  - fly: {}
`;
  expect(await faultsOf(written('bad.yaml', bad))).toEqual([
    'bad.yaml:7: tools.0.http_request.origins.0: must be an origin such as https://api.example',
    'bad.yaml:8: tools.0.http_request.colour: there is no such field',
    'bad.yaml:9: tools.1.run_command.programs: name the programs, or say shell: true',
    'bad.yaml:10: tools.2: Invalid input',
  ]);
});

test('S3.1 the example without code is an agent', async () => {
  const path = new URL('../../../examples/notes/agent.yaml', import.meta.url).pathname;
  const [source] = await load(path);
  expect(source?.tools).toHaveLength(6);
});

test('S3.1 every fault of a file is named at once, with its line', async () => {
  const bad = `name: Re funds
colour: red
instructions: x
tools:
  - fly
policy:
  - id: refund
    match: refund
    effect: maybe
    approver: bob
limits:
  maxTurns: 0
`;
  expect((await faultsOf(written('bad.yaml', bad))).map((fault) => fault.split(': ').slice(0, 2).join(': '))).toEqual([
    'bad.yaml:1: name',
    'bad.yaml:12: limits.maxTurns',
    'bad.yaml:5: tools.0',
    'bad.yaml:9: policy.0.effect',
    'bad.yaml:10: policy.0.approver',
    'bad.yaml:2: colour',
  ]);
});

test('S3.1 what a file refers to and is not there is named at once, with its line', async () => {
  const bad = `name: a
instructions: { file: none.md }
tools:
  - module: ./none.ts
  - module: ./tools.ts
    export: number
script:
  module: ./tools.ts
  export: refund
`;
  expect(await faultsOf(written('bad.yaml', bad))).toEqual([
    'bad.yaml:2: instructions: none.md cannot be read',
    expect.stringMatching(/^bad\.yaml:4: tools\.0: \.\/none\.ts: cannot be imported/),
    'bad.yaml:5: tools.1: ./tools.ts exports no tool number',
    'bad.yaml:7: script: ./tools.ts exports no model refund',
  ]);
});

test.each([
  ['a condition that is none', yaml.replace('effect: ask,', 'effect: ask, when: "args.",'), /^f\.yaml:10: policy: /],
  ['two tools of one name', yaml.replace('  - ask_user', '  - module: ./tools.ts'), /^f\.yaml:5: tools: two tools/],
  ['a key that is there twice', `${yaml}name: b\n`, /^f\.yaml:15: Map keys must be unique/],
  ['no YAML', 'name: [', /^f\.yaml:1: /],
  ['no model', 'name: a\ninstructions: x\n', /^f\.yaml:1: model: name one/],
  ['nothing', '', /^f\.yaml:1: /],
  ['a mode that is none', `${yaml}execution: eager\n`, /^f\.yaml:15: execution: /],
])('S3.1 %s is refused with its line', async (_name, text, fault) => {
  expect(await faultsOf(written('f.yaml', text))).toEqual([expect.stringMatching(fault)]);
});

test('S3.1 an agent of classic execution says so; what it could never call is refused with its line', async () => {
  const quick = yaml.replace('  - ask_user\n', '').replace('effect: ask, decideWithin: 8h', 'effect: allow');
  const [source] = await load(written('quick.yaml', `${quick}execution: classic\n`));
  expect(source && agentDefinition(source, [{ id: 'rest', match: '*', effect: 'allow' }])).toMatchObject({
    execution: 'classic',
  });
  expect(await faultsOf(written('slow.yaml', `${yaml}execution: classic\n`))).toEqual([
    expect.stringMatching(/^slow\.yaml:5: tools\.ask_user: waits for a person/),
    expect.stringMatching(/^slow\.yaml:5: tools\.refund: policy asks for each of its calls/),
  ]);
});

test('S3.1 faults of several files are named together', async () => {
  const paths = [written('one.yaml', 'name: 1\n'), written('two.yaml', 'name: 2\n')];
  const error: unknown = await loadAgentModules(paths, { repository: '/nowhere' }).catch((reason: unknown) => reason);
  const text = String(error);
  expect(text).toContain('one.yaml:1: name');
  expect(text).toContain('two.yaml:1: name');
});

test('S3.1 the JSON Schema for editors is what the loader checks by', () => {
  expect(readFileSync(AGENT_SCHEMA_FILE, 'utf8'), 'node src/adapters/agents/agent-schema-document.ts').toBe(
    agentSchemaDocument(),
  );
});

test('S1.20 S3.13 files name agents that they hand runs to, and agents that follow them', async () => {
  const path = written(
    'triage.yaml',
    'name: triage\ninstructions: Sort.\nmodel: a/b\ntransfers: [{ file: ./billing.yaml }]\n',
  );
  const beside = (name: string, text: string) => writeFileSync(join(directory, String(files), name), text);
  beside('billing.yaml', 'name: billing\ninstructions: Bill.\nmodel: a/b\ntools: [ask_user]\n');
  const [triage] = await load(path);
  const [tool] = triage?.tools ?? [];
  expect([tool?.name, tool?.role, tool?.agent?.definition.name]).toEqual([
    'transfer_to_billing',
    'transfer',
    'billing',
  ]);

  beside(
    'report.yaml',
    'name: report\ninstructions: Find.\nmodel: a/b\nsequence: [{ file: billing.yaml }]\nhideIntermediate: true\n',
  );
  const [report] = await load(join(directory, String(files), 'report.yaml'));
  const definition = report && agentDefinition(report, []);
  expect(definition).toMatchObject({ sequence: [{ agent: 'billing' }], hideIntermediate: true });

  beside('billing.yaml', 'name: billing\ninstructions: Bill.\nmodel: a/b\ntransfers: [{ file: triage.yaml }]\n');
  expect((await faultsOf(path)).join('\n')).toContain('triage.yaml names this file in turn');
  beside('billing.yaml', 'name: billing\ninstructions: Bill.\nmodel: a/b\nhideIntermediate: true\n');
  expect((await faultsOf(path)).join('\n')).toContain('hideIntermediate');
});
