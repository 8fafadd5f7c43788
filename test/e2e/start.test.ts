// `npm start` as a process: what it prints can be used as it stands, and the next start goes on where it ended.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { freePort } from '../../src/platform/services/free-port.ts';
import { cliWith, startCliWith } from '../cli/run-cli.ts';
import type { RunningCli } from '../cli/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const directory = temporaryDirectory();
const stateDirectory = join(directory, 'state');
const environment = { COUNTERSIGN_STATE_DIRECTORY: stateDirectory };
const cli = cliWith(environment);

afterAll(() => {
  const record = JSON.parse(readFileSync(join(stateDirectory, 'services', 'postgres.json'), 'utf8')) as {
    home: string;
  };
  for (const path of [record.home, directory]) rmSync(path, { recursive: true, force: true });
});

const start = async (): Promise<RunningCli> => {
  const running = startCliWith(environment)('dev', '--port', String(await freePort()));
  const isUp = () => running.out().includes('Ctrl-C stops everything');
  const ended = async () => {
    const { err } = await running.ended;
    if (!isUp()) throw new Error(err);
  };
  await Promise.race([waitFor('the system to be up', isUp, { timeoutMs: 60_000 }), ended()]);
  return running;
};

const hasCurl = spawnSync('curl', ['--version']).status === 0;

test('from nothing to a decided approval, and again', { timeout: 120_000 }, async () => {
  const first = await start();
  const { apiKey, url } = JSON.parse(readFileSync(join(stateDirectory, 'client.json'), 'utf8')) as Record<
    string,
    string
  >;
  expect(statSync(join(stateDirectory, 'client.json')).mode & 0o777).toBe(0o600);
  expect(first.out()).toContain(`API          ${url}\n`);
  expect(first.out()).toContain(`Docs         ${url}/docs\n`);
  expect((await fetch(`${url}/docs`)).status).toBe(200);
  const [, uiUrl = ''] = /Temporal UI +(\S+)/.exec(first.out()) ?? [];
  expect((await fetch(uiUrl)).status).toBe(200);
  // Nobody looks at a terminal here, so nobody is shown the key.
  expect(first.out() + first.err()).not.toContain(apiKey);

  const second = await cli('dev');
  expect(second.code).toBe(1);
  expect(second.err).toContain(`API: ${url}`);

  const command = /npm run countersign -- approvals approve (run_\w+)\/(\w+) --digest (sha256:\w+)$/m;
  const [, runId = '', key = '', digest = ''] = command.exec(first.out()) ?? [];
  expect(digest).not.toBe('');
  const script = /^ +node -p [\s\S]+?\/decisions'$/m.exec(first.out())?.[0] ?? '';
  const decided = hasCurl
    ? spawnSync('sh', ['-c', script], { encoding: 'utf8', cwd: directory }).stdout
    : (await cli('approvals', 'approve', `${runId}/${key}`, '--digest', digest, '--json')).out;
  expect(JSON.parse(decided)).toMatchObject({ outcome: 'recorded', approval: { status: 'approved', digest } });
  expect((await cli('runs', 'watch', runId)).code).toBe(0);
  expect((await cli('runs', 'artifact', runId, 'RELEASE_NOTES.md')).out).toMatch(/^# Release notes/);

  first.kill('SIGINT');
  expect((await first.ended).code).toBe(0);
  expect((await cli('runs', 'list')).code).toBe(3);

  const again = await start();
  expect(again.out()).toContain('Nothing waits for a decision.');
  expect((await cli('runs', 'list', '--json')).json()).toMatchObject({ data: [{ runId, status: 'completed' }] });
  again.kill('SIGINT');
  expect((await again.ended).code).toBe(0);
});
