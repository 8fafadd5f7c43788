import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { projectHome } from '../project-root.ts';

/** Under the Node that comes with Countersign: it runs TypeScript, which the system's may not. */
export const addTest = (program: Command, { end }: CliContext): Command =>
  program
    .command('test')
    .description("run the project's tests with Node's own test runner")
    .argument('[files...]', 'all of the project without any')
    .action(async (files: string[]) => {
      const child = spawn(process.execPath, ['--test', ...files], { cwd: projectHome(), stdio: 'inherit' });
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) end(EXIT.failed);
    });
