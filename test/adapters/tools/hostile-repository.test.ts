// A repository whose own configuration names programs and files wherever git lets it. No tool starts or reads any.
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gitLogTool, readFileTool } from '../../../src/adapters/tools/git/git-tools.ts';
import { ToolError } from '../../../src/adapters/tools/tool.ts';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import { callTool } from './call-tool.ts';
import { createRepository } from './git-repository.ts';
import type { TestRepository } from './git-repository.ts';

const CANARY = 'canary-7d1e';

let base: string;
let touched: string;
let repository: TestRepository;
let head: string;
let missingBlob: string;

/** Settings that name a program (`!` starts one, too). */
const programSettings = (program: string): [string, string][] => [
  ['core.fsmonitor', program],
  ['core.hooksPath', join(base, 'hooks')],
  ['core.pager', program],
  ['core.editor', program],
  ['core.askPass', program],
  ['core.sshCommand', program],
  ['core.gitProxy', program],
  ['core.alternateRefsCommand', program],
  ['core.preferSymlinkRefs', 'true'],
  ['credential.helper', `!${program}`],
  ['diff.external', program],
  ['diff.spy.textconv', program],
  ['diff.spy.command', program],
  ['filter.spy.smudge', program],
  ['filter.spy.clean', program],
  ['filter.spy.process', program],
  ['merge.spy.driver', program],
  ['gpg.program', program],
  ['gpg.ssh.program', program],
  ['gpg.ssh.defaultKeyCommand', program],
  ['gpg.ssh.allowedSignersFile', join(base, 'secret.txt')],
  ['log.showSignature', 'true'],
  ['sequence.editor', program],
  ['interactive.diffFilter', program],
  ['pager.log', program],
  ['pager.rev-list', program],
  ['pager.cat-file', program],
  ['pager.ls-tree', program],
  ['pager.diff-tree', program],
  ['alias.rev-list', `!${program}`],
  ['alias.cat-file', `!${program}`],
  ['uploadpack.packObjectsHook', program],
  ['trace2.eventTarget', join(base, 'touched')],
  ['trace2.normalTarget', join(base, 'touched')],
  ['protocol.allow', 'always'],
  ['protocol.ext.allow', 'always'],
  ['protocol.file.allow', 'always'],
  ['remote.origin.url', `https://user:${CANARY}-token@example.org/x.git`],
  ['remote.promisor.url', `file://${join(base, 'upstream')}`],
  ['remote.promisor.promisor', 'true'],
  ['remote.promisor.partialCloneFilter', 'blob:none'],
  ['remote.promisor.uploadpack', program],
  ['remote.promisor2.url', `ext::${program}`],
  ['remote.promisor2.promisor', 'true'],
  ['extensions.partialClone', 'promisor'],
  ['core.repositoryFormatVersion', '1'],
  ['maintenance.auto', 'true'],
  ['gc.auto', '1'],
  // Files outside
  ['include.path', join(base, 'secret.txt')],
  ['mailmap.file', join(base, 'secret.txt')],
  ['log.mailmap', 'true'],
  ['core.attributesFile', join(base, 'attributes')],
  ['core.excludesFile', join(base, 'secret.txt')],
  ['diff.orderFile', join(base, 'secret.txt')],
  ['commit.template', join(base, 'secret.txt')],
  ['notes.displayRef', 'refs/notes/*'],
  ['user.name', `${CANARY}-user`],
];

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'countersign-hostile-')));
  touched = join(base, 'touched');
  const program = join(base, 'program.sh');
  writeFileSync(program, `#!/bin/sh\necho ran "$0" >> '${touched}'\nexit 1\n`);
  chmodSync(program, 0o755);
  mkdirSync(join(base, 'hooks'));
  for (const hook of [
    'post-checkout',
    'reference-transaction',
    'post-index-change',
    'fsmonitor-watchman',
    'pre-auto-gc',
  ]) {
    symlinkSync(program, join(base, 'hooks', hook));
  }
  // A configuration file of git's that would be valid, with a secret in it.
  writeFileSync(join(base, 'secret.txt'), `[user]\n\temail = ${CANARY}-file\n`);
  writeFileSync(join(base, 'attributes'), '* diff=spy filter=spy merge=spy\n');

  repository = createRepository(join(base, 'repositories', 'hostile'));
  repository.write('README.md', 'committed\n');
  repository.write('.gitattributes', '* diff=spy filter=spy merge=spy\n');
  repository.write('.mailmap', `${CANARY}-mailmap <x@example.org> <ada@example.org>\n`);
  repository.write('missing.txt', 'only the promisor has it');
  repository.write('git', `#!/bin/sh\necho ran git >> '${touched}'\n`);
  chmodSync(join(repository.path, 'git'), 0o755);
  repository.commit('feat: committed');
  repository.git('notes', 'add', '-m', `${CANARY}-note`);
  repository.write('README.md', 'committed again\n');
  head = repository.commit('fix: again');

  // Replacements and grafts change what commits seem to be.
  const forged = repository.git('commit-tree', '-m', `${CANARY}-forged`, 'HEAD^{tree}');
  repository.git('replace', head, forged);
  writeFileSync(join(repository.path, '.git', 'info', 'grafts'), `${head} ${forged}\n`);
  writeFileSync(join(repository.path, '.git', 'info', 'attributes'), '* diff=spy filter=spy\n');
  missingBlob = repository.git('rev-parse', 'HEAD:missing.txt');
  await rm(join(repository.path, '.git', 'objects', missingBlob.slice(0, 2), missingBlob.slice(2)));

  repository.write('README.md', `${CANARY}-uncommitted`);
  repository.write('untracked.txt', `${CANARY}-untracked`);
  writeFileSync(join(repository.path, '.git', 'description'), `${CANARY}-description`);
  const config = programSettings(program).map(([name, value]) => {
    const dot = name.lastIndexOf('.');
    const [section, ...rest] = name.slice(0, dot).split('.');
    return `[${section}${rest.length > 0 ? ` "${rest.join('.')}"` : ''}]\n\t${name.slice(dot + 1)} = ${value}\n`;
  });
  writeFileSync(join(repository.path, '.git', 'config'), config.join(''), { flag: 'a' });
});

afterAll(() => rm(base, { recursive: true, force: true }));

const outcome = (call: Promise<JsonValue>): Promise<string> =>
  call.then(
    (result) => JSON.stringify(result),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ToolError);
      return `${(error as ToolError).code}: ${(error as ToolError).message}`;
    },
  );

const options = () => ({ repository: repository.path, repositoriesRoot: join(base, 'repositories') });
const calls: [string, () => Promise<JsonValue>][] = [
  ['log', () => callTool(gitLogTool(options()), {})],
  ['log by name', () => callTool(gitLogTool(options()), { repository: 'hostile', since: 'HEAD~1' })],
  ['log of what is not there', () => callTool(gitLogTool(options()), { revision: 'origin/main' })],
  ['log of a ref that is a file of git', () => callTool(gitLogTool(options()), { revision: 'config' })],
  ['log of a note', () => callTool(gitLogTool(options()), { revision: 'description' })],
  ['file', () => callTool(readFileTool(options()), { path: 'README.md' })],
  ['file that only the promisor has', () => callTool(readFileTool(options()), { path: 'missing.txt' })],
  ['file that is not there', () => callTool(readFileTool(options()), { path: 'untracked.txt' })],
  [
    'file of an object that is not there',
    () => callTool(readFileTool(options()), { path: 'a', revision: 'f'.repeat(40) }),
  ],
];

describe('a hostile repository', () => {
  test.each(calls)('%s: no program is started, nothing uncommitted or configured is told', async (_name, call) => {
    const told = await outcome(call());
    expect(existsSync(touched)).toBe(false);
    expect(told).not.toContain(CANARY);
    expect(told).not.toContain(base);
  });

  test('what it committed is read all the same, without replacements and grafts', async () => {
    expect(await callTool(gitLogTool(options()), {})).toMatchObject({
      commit: head,
      commits: [{ subject: 'fix: again', author: 'Ada Lovelace' }, { subject: 'feat: committed' }],
    });
    expect(await callTool(readFileTool(options()), { path: 'README.md' })).toMatchObject({ text: 'committed again\n' });
  });

  test('the traps are real: plain git in the same place springs them', () => {
    for (const args of [['status'], ['diff'], ['cat-file', '-p', missingBlob], ['log', '--show-signature']]) {
      try {
        repository.git(...args);
      } catch {
        // Whether it works is not the point.
      }
    }
    expect(existsSync(touched)).toBe(true);
  });
});
