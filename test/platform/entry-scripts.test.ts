import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { processStartTime } from '../../scripts/process-lock.mjs';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const scripts = fileURLToPath(new URL('../../scripts', import.meta.url));

/** A checkout with our entry scripts, an npm that only notes its calls, and a program for `npm start` to run. */
function checkout(program: string, npm = 'mkdir -p node_modules/.bin && ln -sf "$REAL_NODE" node_modules/.bin/node') {
  const root = temporaryDirectory();
  cpSync(scripts, join(root, 'scripts'), { recursive: true });
  mkdirSync(join(root, 'src', 'cli'), { recursive: true });
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'src', 'cli', 'main.ts'), program);
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'package-lock.json'), '{"packages":{}}');
  writeFileSync(join(root, 'bin', 'npm'), `#!/bin/sh\necho "$@" >> npm-calls\nsleep 0.3\n${npm}\n`);
  chmodSync(join(root, 'bin', 'npm'), 0o755);

  const start = (...more: string[]) => {
    const environment = { ...process.env, PATH: `${root}/bin:${process.env['PATH']}`, REAL_NODE: process.execPath };
    const child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs'), ...more], {
      cwd: root,
      env: environment,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
    const ended = once(child, 'close').then(([code]) => ({ code: code as number, output }));
    return { child, ended, output: () => output };
  };
  const npmCalls = () =>
    existsSync(join(root, 'npm-calls')) ? readFileSync(join(root, 'npm-calls'), 'utf8').trim().split('\n') : [];
  return { root, start, npmCalls };
}

test('a fresh checkout is installed first, then never again until the lock file changes', async () => {
  const { root, start, npmCalls } = checkout('console.log("ran", process.argv.slice(2).join(" "))');

  const first = await start('--flag').ended;
  expect(first).toMatchObject({ code: 0 });
  expect(first.output).toContain('Installing the dependencies');
  expect(first.output).toContain('ran dev --flag');
  expect((await start().ended).output).toBe('ran dev\n');
  expect(npmCalls()).toHaveLength(1);

  writeFileSync(join(root, 'package-lock.json'), '{"packages":{"node_modules/new":{"version":"1.0.0"}}}');
  await start().ended;
  expect(npmCalls()).toHaveLength(2);
});

test('two starts at once install once; the second says what it waits for', async () => {
  const { start, npmCalls } = checkout('console.log("ran")');
  const results = await Promise.all([start().ended, start().ended]);
  expect(results.map(({ code }) => code)).toEqual([0, 0]);
  expect(npmCalls()).toHaveLength(1);
  expect(results.some(({ output }) => output.includes('waiting for it'))).toBe(true);
});

test('what a developer has installed by hand is taken as it is', async () => {
  const { root, start, npmCalls } = checkout('console.log("ran")');
  const packages = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } };
  const optional = { 'node_modules/elsewhere': { version: '1.0.0', optional: true } };
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages, ...optional } }));
  const install = spawn(
    'sh',
    ['-c', 'REAL_NODE=$0; mkdir -p node_modules/.bin && ln -s "$REAL_NODE" node_modules/.bin/node', process.execPath],
    { cwd: root },
  );
  await once(install, 'exit');
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));

  expect((await start().ended).output).toBe('ran\n');
  expect(npmCalls()).toEqual([]);

  rmSync(join(root, 'node_modules', '.countersign-install'));
  writeFileSync(
    join(root, 'node_modules', '.package-lock.json'),
    JSON.stringify({ packages: { 'node_modules/a': { version: '0.9.0' } } }),
  );
  await start().ended;
  expect(npmCalls()).toHaveLength(1);
});

test('a failed installation ends with its reason and is tried again', async () => {
  const { start, npmCalls } = checkout('console.log("ran")', 'echo "npm error: no network" >&2; exit 7');
  const { code, output } = await start().ended;
  expect(code).toBe(1);
  expect(output).toContain('npm error: no network');
  expect(output).toContain('npm could not install the dependencies');
  expect(output).not.toContain('ran\n');
  await start().ended;
  expect(npmCalls().map((call) => call.split(' ')[0])).toEqual(['ci', 'install', 'ci', 'install']);
});

test('a lock file that npm ci refuses is installed all the same, and not rewritten', async () => {
  const { start, npmCalls } = checkout(
    'console.log("ran")',
    '[ "$1" = install ] && mkdir -p node_modules/.bin && ln -sf "$REAL_NODE" node_modules/.bin/node',
  );
  const { code, output } = await start().ended;
  expect(code).toBe(0);
  expect(output).toContain('ran\n');
  expect(npmCalls()[1]).toMatch(/^install --no-save /);
});

test("an installation without the project's Node says why", async () => {
  const { start } = checkout('console.log("ran")', 'mkdir -p node_modules');
  const { code, output } = await start().ended;
  expect(code).toBe(1);
  expect(output).toContain('ignore-scripts');
});

test("the exit code is the program's", async () => {
  expect((await checkout('process.exit(42)').start().ended).code).toBe(42);
});

const tidiesUp = `
  import { writeFileSync } from 'node:fs';
  process.on('SIGINT', () => { console.log('tidied up after SIGINT'); process.exit(5); });
  process.on('SIGTERM', () => { writeFileSync('tidied', ''); process.exit(0); });
  console.log('pid', process.pid);
  setInterval(() => {}, 1000);`;

test('a signal is passed on once and waited for', async () => {
  const { child, ended, output } = checkout(tidiesUp).start();
  await waitFor('the program to run', () => /pid \d+/.test(output()));
  child.kill('SIGINT');
  const result = await ended;
  expect(result.code).toBe(5);
  expect(result.output.match(/tidied up/g)).toHaveLength(1);
});

test('kill -9 of the entry script asks the program to stop', async () => {
  const { root, start } = checkout(tidiesUp);
  const { child, output } = start();
  const pid = await waitFor('the program to run', () => Number(/pid (\d+)/.exec(output())?.[1] ?? 0) || undefined);
  child.kill('SIGKILL');
  await waitFor('the program to end', () => processStartTime(pid) === undefined);
  expect(existsSync(join(root, 'tidied'))).toBe(true);
});
