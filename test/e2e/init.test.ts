// S3.1: from an empty directory to a decided approval, by what `countersign init` writes and npm alone.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cliWith } from '../cli/run-cli.ts';
import { fromCheckout, initProject } from '../support/project.ts';
import type { Project } from '../support/project.ts';

let project: Project;
beforeAll(async () => {
  project = await initProject();
});
afterAll(() => project.remove());

test(
  'S3.1 npm start runs it to an approval; approved, it completes; it stops cleanly',
  { timeout: 180_000 },
  async () => {
    const running = await project.start();
    const [approval] = running.pending;
    if (!approval) throw new Error('nothing waits');
    const { runId, key, digest } = approval;
    expect(await project.countersign('approvals', 'list')).toMatchObject({
      data: [{ runId, tool: { name: 'refund' }, rule: { reason: 'Refunds are paid at once' } }],
    });
    await project.countersign('approvals', 'approve', `${runId}/${key}`, '--digest', digest);
    expect((await project.npm('run', '--silent', 'countersign', '--', 'runs', 'watch', runId)).code).toBe(0);
    expect(await project.countersign('runs', 'show', runId)).toMatchObject({ agent: 'support', status: 'completed' });

    const { err } = await running.stop();
    expect(err).toContain('Stopped.');
    // An installation of its own: nothing of it is in the project.
    expect(readdirSync(project.directory).toSorted()).toEqual(
      [...readdirSync(fromCheckout('templates/project')).filter((name) => name !== 'gitignore'), '.gitignore']
        .concat('node_modules', 'package-lock.json', 'package.json')
        .toSorted(),
    );
  },
);

test('S3.1 B19 npm test of the project passes, with the test kit', { timeout: 180_000 }, async () => {
  const { code, out, err } = await project.npm('test');
  expect({ code, out, err }).toMatchObject({ code: 0, out: expect.stringContaining('pass 1') });
});

test('S3.1 what the project holds compiles against the types of the package', { timeout: 120_000 }, () => {
  const compiled = spawnSync(process.execPath, [fromCheckout('node_modules/typescript-7/bin/tsc'), '-p', '.'], {
    cwd: project.directory,
    encoding: 'utf8',
  });
  expect(compiled).toMatchObject({ status: 0, stdout: '' });
});

test('S3.1 init refuses a directory with anything in it, says what, and writes nothing', async () => {
  const directory = join(project.directory, 'taken');
  mkdirSync(join(directory, '.git'), { recursive: true });
  writeFileSync(join(directory, 'notes.txt'), '');
  const { code, err } = await cliWith({})('init', directory);
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('is not empty: notes.txt.') });
  expect(existsSync(join(directory, 'package.json'))).toBe(false);
});
