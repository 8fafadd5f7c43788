import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandTool } from '../../../src/adapters/tools/command/run-command.ts';
import type { CommandToolOptions } from '../../../src/adapters/tools/command/command-options.ts';
import { openWorkspace } from '../../../src/adapters/workspace/workspace.ts';
import type { Workspace } from '../../../src/adapters/workspace/workspace.ts';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import { testAgent } from '../../../src/testing/index.ts';
import { stepDependencies } from '../../../src/worker/step-dependencies.ts';
import type { WorkerParts } from '../../../src/worker/step-dependencies.ts';
import { openGate } from '../../support/gate.ts';
import { waitFor } from '../../support/wait-for.ts';
import { callTool, refusalOf } from './call-tool.ts';

const runId = `run_${'a'.repeat(26)}`;
let root: string;
let workspace: Workspace;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'countersign-command-')));
  workspace = await openWorkspace({ root, scope: { tenant: 't', project: 'p' }, runId });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const call = (options: CommandToolOptions, args: JsonValue, signal?: AbortSignal) =>
  callTool(commandTool(options), args, { workspace, ...(signal && { signal }) });
const node = { programs: [process.execPath] };
const script = (text: string, ...args: string[]) => ({ program: process.execPath, arguments: ['-e', text, ...args] });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a program', () => {
  test('runs in the workspace, with its arguments as they are, and says how it ended', async () => {
    const result = await call({ programs: ['printf'] }, { program: 'printf', arguments: ['%s', '$(id) `id` *'] });
    expect(result).toEqual({
      exitCode: 0,
      signal: null,
      timedOut: false,
      stdout: { text: '$(id) `id` *', bytes: 12, truncated: false },
      stderr: { text: '', bytes: 0, truncated: false },
    });
    const failing = 'console.log(process.cwd()); console.error("no"); process.exitCode = 3';
    expect(await call(node, script(failing))).toMatchObject({
      exitCode: 3,
      stdout: { text: `${join(root, 't', 'p', runId)}\n` },
      stderr: { text: 'no\n' },
    });
  });

  test('reads what it is given, and a shell only where its author says so', async () => {
    expect(await call({ programs: ['cat'] }, { program: 'cat', stdin: 'Grüße' })).toMatchObject({
      stdout: { text: 'Grüße' },
    });
    expect(await call({ shell: true }, { command: 'echo $((1 + 2)) > three; cat three' })).toMatchObject({
      stdout: { text: '3\n' },
    });
    expect(await workspace.list()).toEqual(['three']);
  });

  test.each([
    ['another program', { program: 'sh' }],
    ['a shell command where there is no shell', { command: 'id' }],
    ['NUL in an argument', { program: 'cat', arguments: ['a\0b'] }],
  ])('%s is refused before anybody is asked', async (_, args) => {
    expect(await refusalOf(call({ programs: ['cat'] }, args))).toBe('invalid_arguments');
  });

  test('that is not there was not started', async () => {
    expect(await refusalOf(call({ programs: ['no-such-program'] }, { program: 'no-such-program' }))).toBe(
      'not_started',
    );
  });

  test('knows nothing of our environment but what is harmless or named', async () => {
    process.env['OPENAI_API_KEY'] = 'canary-key';
    process.env['BUILD_MODE'] = 'fast';
    const seen = await call(
      { ...node, environment: ['BUILD_MODE'] },
      script('console.log(JSON.stringify(process.env))'),
    );
    const { text } = (seen as { stdout: { text: string } }).stdout;
    expect(text).not.toContain('canary-key');
    expect(JSON.parse(text)).toMatchObject({ BUILD_MODE: 'fast', HOME: join(root, 't', 'p', runId) });
    expect(() => commandTool({ ...node, environment: ['OPENAI_API_KEY'] })).toThrow('OPENAI_API_KEY');
  });

  test('that floods is read to its end, and the end is kept', async () => {
    const flood = 'for (let i = 0; i < 20000; i++) console.log("x".repeat(99)); console.log("the end")';
    const result = await call({ ...node, maxOutputBytes: 1_000 }, script(flood));
    const { text, bytes, truncated } = (result as { stdout: { text: string; bytes: number; truncated: boolean } })
      .stdout;
    expect({ length: text.length, end: text.slice(-8), bytes, truncated }).toEqual({
      length: 1_000,
      end: 'the end\n',
      bytes: 2_000_008,
      truncated: true,
    });
  });
});

describe('is stopped with all that it has started', () => {
  const nest = `require('node:child_process').spawn(process.execPath, ['-e', \`
    require('node:fs').writeFileSync('pid', String(process.pid)); process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)
  \`], { stdio: 'inherit' }); process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1e6)`;
  const grandchild = () =>
    waitFor('the grandchild', async () => {
      const file = join(root, 't', 'p', runId, 'pid');
      return existsSync(file) ? Number(await readFile(file, 'utf8')) || undefined : undefined;
    });

  test('when its time is over: that is a result, with what it printed', async () => {
    const ended = call({ ...node, timeoutMs: 3_000 }, script(nest));
    const pid = await grandchild();
    expect(await ended).toMatchObject({ timedOut: true, exitCode: null, signal: 'SIGKILL', stdout: { text: 'up\n' } });
    await waitFor('the grandchild to be gone', () => Promise.resolve(!isAlive(pid)));
  });

  test('when the call is aborted: nobody knows how far it came', async () => {
    const controller = new AbortController();
    const ended = call(node, script(nest), controller.signal);
    const pid = await grandchild();
    controller.abort(new Error('cancelled'));
    await expect(ended).rejects.toThrow('cancelled');
    await waitFor('the grandchild to be gone', () => Promise.resolve(!isAlive(pid)));
  });
});

describe('consent', () => {
  const agentWith = (policy: Parameters<typeof testAgent>[0]['policy']) =>
    testAgent({
      script: [],
      tools: [commandTool({ programs: ['cat'] }), commandTool({ name: 'other', programs: ['ls'] })],
      policy: policy ?? [],
    });

  test('always asked for: no agent, project or grant relaxes it', async () => {
    await using gate = await openGate(
      agentWith([
        { id: 'all', match: '*', effect: 'allow' },
        { id: 'remember', match: '*', effect: 'ask', grantable: { scopes: ['agent'], maxTtl: '8h', maxUses: 9 } },
      ]),
      [{ id: 'free', match: '*', effect: 'allow', overridable: true }],
      { allowCommands: true },
    );
    const run = await gate.run();
    const judged = await run.judged('run_command', { program: 'cat', arguments: [] });
    expect(judged.basis).toBe('consent');
    expect(run.digestOf(judged, { program: 'cat', arguments: [] }).verdict).toMatchObject({
      effect: 'ask',
      risk: 'high',
    });
    expect(run.digestOf(judged, { program: 'cat', arguments: [] }).verdict.grantable).toBeUndefined();
    expect(await gate.dispatch({ ...judged, basis: 'rule' })).toMatchObject({ code: 'not_allowed_by_rule' });
    expect(await gate.dispatch({ ...judged, evidence: [await run.consent(judged)] })).toMatchObject({
      type: 'completed',
    });
  });

  test('off by default: a deployment that does not allow programs takes no agent that runs them', () => {
    const parts = { agents: [agentWith([])], models: {} } as unknown as WorkerParts;
    expect(() => stepDependencies(parts)).toThrow('agents.helper.tools.run_command: runs programs');
    expect(() => commandTool({})).toThrow('name the programs');
    expect(commandTool({ programs: ['cat'] })).toMatchObject({ effect: 'once', timeoutMs: 130_000 });
  });
});

test('a workspace that was replaced is not worked in', async () => {
  const directory = await workspace.directory();
  await rm(directory, { recursive: true });
  await writeFile(directory, '');
  expect(await refusalOf(call({ programs: ['cat'] }, { program: 'cat' }))).toBe('not_started');
  await rm(directory);
  await symlink(tmpdir(), directory);
  await expect(call({ programs: ['cat'] }, { program: 'cat' })).rejects.toThrow('The workspace has been moved.');
});
