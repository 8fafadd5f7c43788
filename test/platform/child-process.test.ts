import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { processStartTime } from '../../scripts/process-lock.mjs';
import { runToEnd, startSupervised } from '../../src/platform/child-process.ts';
import { childEnvironment } from '../../src/platform/environment/child-environment.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const childProcessModule = fileURLToPath(new URL('../../src/platform/child-process.ts', import.meta.url));
const isAlive = (pid: number) => processStartTime(pid) !== undefined;
const node = (program: string, directory: string) => ({
  command: process.execPath,
  arguments: ['-e', program],
  environment: childEnvironment(),
  logFile: join(directory, 'child.log'),
});
const staysAndHasChild = `
  const { spawn } = require('node:child_process');
  const grandchild = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  console.error(JSON.stringify({ child: process.pid, grandchild: grandchild.pid }));
  setInterval(() => {}, 1000);`;
const deafToSignals = `process.on('SIGTERM', () => {}); console.error('ready'); setInterval(() => {}, 1000);`;

/** A parent process of its own that starts this program supervised and reports its pid. */
async function startInParent(program: string, directory: string, extra: object = {}) {
  const specification = JSON.stringify({ ...node(program, directory), ...extra });
  const script = `
    const { startSupervised } = await import(${JSON.stringify(childProcessModule)});
    const child = await startSupervised(${specification});
    console.log(child.pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout, 'data');
  return { parent, childPid: Number(String(line)) };
}

test('kill -9 of the parent leaves neither the child nor what the child has started', async () => {
  const directory = temporaryDirectory();
  const { parent, childPid } = await startInParent(staysAndHasChild, directory);
  const pids = await waitFor('the child to report', () => reported(join(directory, 'child.log')));
  expect(pids.child).toBe(childPid);
  expect(isAlive(pids.grandchild)).toBe(true);

  parent.kill('SIGKILL');

  await waitFor('the child to end', () => !isAlive(pids.child));
  await waitFor('the grandchild to end', () => !isAlive(pids.grandchild));
});

test('a child that ignores the request to stop is killed', async () => {
  const directory = temporaryDirectory();
  const child = await startSupervised({ ...node(deafToSignals, directory), killAfterMs: 200 });
  await waitFor('the child to be deaf', () => readFileSync(join(directory, 'child.log'), 'utf8').includes('ready'));

  await child.stop();

  expect(isAlive(child.pid)).toBe(false);
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  await child.stop();
});

test('what survived even its supervisor is ended by the next start', async () => {
  const directory = temporaryDirectory();
  const pidFile = join(directory, 'child.pid');
  const orphan = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const orphanPid = orphan.pid ?? 0;
  writeFileSync(pidFile, JSON.stringify({ pid: orphanPid, startedAt: processStartTime(orphanPid) }));

  try {
    const next = await startSupervised({ ...node('setInterval(() => {}, 1000)', directory), pidFile });
    expect(isAlive(orphanPid)).toBe(false);
    expect(JSON.parse(readFileSync(pidFile, 'utf8'))).toMatchObject({ pid: next.pid });
    await next.stop();
  } finally {
    orphan.kill('SIGKILL');
  }
});

test('a process that merely has the remembered pid is left alone', async () => {
  const directory = temporaryDirectory();
  const pidFile = join(directory, 'child.pid');
  writeFileSync(pidFile, JSON.stringify({ pid: process.pid, startedAt: 'another boot:1' }));

  const next = await startSupervised({ ...node('setInterval(() => {}, 1000)', directory), pidFile });

  await next.stop();
  expect(isAlive(process.pid)).toBe(true);
});

test('a program that is not there is an error that names it', async () => {
  const directory = temporaryDirectory();
  const program = { ...node('', directory), command: join(directory, 'no-such-program') };
  await expect(startSupervised(program)).rejects.toThrow('no-such-program');
});

test('a program run to its end says whether it succeeded, and sees no secret of ours', async () => {
  const directory = temporaryDirectory();
  expect(await runToEnd(node('process.exit(0)', directory))).toBe(true);
  expect(await runToEnd(node('process.exit(3)', directory))).toBe(false);

  process.env['OPENAI_API_KEY'] = 'planted-secret';
  await runToEnd(node('console.log(JSON.stringify(process.env))', directory));
  delete process.env['OPENAI_API_KEY'];
  expect(readFileSync(join(directory, 'child.log'), 'utf8')).toContain('"PATH"');
  expect(readFileSync(join(directory, 'child.log'), 'utf8')).not.toContain('planted-secret');
});

test('aborting ends a program that would run for ever', async () => {
  const abort = new AbortController();
  const running = runToEnd(node('setInterval(() => {}, 1000)', temporaryDirectory()), abort.signal);
  abort.abort();
  expect(await running).toBe(false);
});

function reported(logFile: string): { child: number; grandchild: number } | undefined {
  const line = readFileSync(logFile, 'utf8').trim();
  return line === '' ? undefined : JSON.parse(line);
}
