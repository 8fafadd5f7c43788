// Real git repositories in temporary directories.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const environment = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada Lovelace',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada Lovelace',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};

export interface TestRepository {
  readonly path: string;
  git(...args: string[]): string;
  write(path: string, content: string | Buffer): void;
  /** Commits everything; each commit is a day after the last. Gives its id. */
  commit(message: string): string;
}

export function createRepository(path: string, ...initArgs: string[]): TestRepository {
  mkdirSync(path, { recursive: true });
  let day = 0;
  const git = (...args: string[]): string => {
    const date = `2024-03-${String(1 + (day % 28)).padStart(2, '0')}T12:00:00+00:00`;
    const env = { ...environment, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    return execFileSync('git', args, {
      cwd: path,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
    }).trim();
  };
  git('init', '--quiet', '--initial-branch=main', ...initArgs);
  return {
    path,
    git,
    write(file, content) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), content);
    },
    commit(message) {
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '--allow-empty-message', '--message', message);
      day++;
      return git('rev-parse', 'HEAD');
    },
  };
}
