import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from 'commander';
import { childEnvironment } from '../../platform/environment/child-environment.ts';
import type { CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { writeProject } from '../local/write-project.ts';

interface Options {
  readonly install: boolean;
}

export const addInit = (program: Command, { terminal }: CliContext): Command =>
  program
    .command('init')
    .description('write a project with an agent of your own into an empty directory')
    .argument('[directory]', 'made where there is none', '.')
    .option('--no-install', 'do not run npm install')
    .action(async (given: string, { install }: Options) => {
      const directory = writeProject(given);
      terminal.print(`A project is in ${directory}.`);
      if (install) await npmInstall(directory);
      terminal.print(`\n  ${[...(install ? [] : ['npm install']), 'npm start'].join(' && ')}\n`);
    });

async function npmInstall(directory: string): Promise<void> {
  const child = spawn('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: directory,
    env: childEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'close').catch(() => [1])) as [number | null];
  if (code === 0) return;
  throw new CliError(EXIT.failed, 'The project is written, but npm could not install it.', 'Run `npm install` there.');
}
